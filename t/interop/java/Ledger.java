import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.zip.CRC32;

import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Numbered messages: number n always has the same body, so that a receiver
 * can compare each byte without remembering what was sent. Any thread.
 */
final class Ledger {
	private static final int HEAD = 12; /* number, CRC-32 of what follows */

	private final String topic;
	private final int minSize;
	private final int maxSize;
	private final BitSet received = new BitSet();
	private int duplicates;
	private String wrong;

	Ledger(String topic, int minSize, int maxSize) {
		this.topic = topic;
		this.minSize = Math.max(minSize, HEAD);
		this.maxSize = Math.max(maxSize, HEAD);
	}

	Message message(int number) {
		return new Message(topic, "Tag" + (char) ('A' + number % 3), "k" + number, body(number));
	}

	private byte[] body(int number) {
		int size = minSize + (int) ((number * 2654435761L >>> 7) % (maxSize - minSize + 1));
		byte[] body = new byte[size];
		long state = number * 0x9E3779B97F4A7C15L + topic.hashCode() | 1;
		for (int i = HEAD; i < size; i++) {
			state ^= state << 13;
			state ^= state >>> 7;
			state ^= state << 17;
			body[i] = (byte) state;
		}
		ByteBuffer.wrap(body).putInt(0, number).putInt(8, crc(body));
		return body;
	}

	private static int crc(byte[] body) {
		CRC32 crc = new CRC32();
		crc.update(body, HEAD, body.length - HEAD);
		return (int) crc.getValue();
	}

	synchronized void receive(MessageExt message) {
		byte[] body = message.getBody();
		int number = body.length >= HEAD ? ByteBuffer.wrap(body).getInt(0) : -1;
		if (number < 0 || !java.util.Arrays.equals(body, body(number)))
			wrong = "altered or unknown body at queue " + message.getQueueId() + " offset "
			    + message.getQueueOffset();
		else if (!("k" + number).equals(message.getKeys()))
			wrong = "message " + number + " has keys " + message.getKeys();
		else
			mark(number);
	}

	/* Arrived, its body compared elsewhere. */
	synchronized void mark(int number) {
		if (received.get(number))
			duplicates++;
		else
			received.set(number);
	}

	synchronized int count() {
		return received.cardinality();
	}

	synchronized int duplicates() {
		return duplicates;
	}

	/* All numbers below n, and nothing else, arrive. */
	void complete(int n) throws Exception {
		try {
			Check.until("all " + n + " messages", () -> count() >= n || wrong != null);
		} catch (AssertionError e) {
			throw new AssertionError(e.getMessage() + ", " + count() + " of " + topic
			    + ", first missing " + received.nextClearBit(0));
		}
		synchronized (this) {
			Check.that(wrong == null, wrong);
			Check.same(received.nextClearBit(0), n, "first message that is missing");
			Check.same(received.length(), n, "end of the messages received");
		}
	}

	/* The same, where no retry and no change of members can repeat one. */
	void completeOnce(int n) throws Exception {
		complete(n);
		Check.same(duplicates(), 0, "messages received twice");
	}
}
