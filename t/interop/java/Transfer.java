import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;

/* One transaction: what its bank says, and what was seen of it. Any thread. */
final class Transfer {
	static final String IMMUNITY = "CHECK_IMMUNITY_TIME_IN_SECONDS";
	static final int IMMUNE_SECONDS = 4;
	private static final int COMMIT_FLAG = 8;
	private static final int TRANSACTION_FLAGS = 12;

	final String key;
	private final Plan plan;
	private final String topic;
	private final byte[] body;
	private final CountDownLatch answered = new CountDownLatch(1);
	private final List<MessageExt> received = new ArrayList<>();
	private SendResult sent;  /* null: by another program */
	private boolean elsewhere;
	private boolean decided; /* COMMIT was said, or will be at once */
	private boolean learned;
	private int asks;
	private long start;
	private long firstAsk;
	private long place = -1; /* of the half message, as the broker says when it asks */
	private String wrong;

	/* The key is that of its plan, a dash, and what makes it unique. */
	Transfer(String topic, String key) {
		this.topic = topic;
		this.key = key;
		plan = Plan.valueOf(key.substring(0, key.indexOf('-')));
		body = ("轉帳 " + key).getBytes(java.nio.charset.StandardCharsets.UTF_8);
	}

	Message message() {
		Message message = new Message(topic, "Tag" + plan.ordinal(), key, body);
		message.setFlag(7);
		message.putUserProperty("from", "A");
		message.putUserProperty("户", "張三 & co");
		if (plan == Plan.IMMUNE)
			message.putUserProperty(IMMUNITY, String.valueOf(IMMUNE_SECONDS));
		return message;
	}

	void sendBy(Transactor transactor) throws Exception {
		synchronized (this) {
			start = System.nanoTime();
		}
		SendResult result = Mq.stored(transactor.send(message()));
		synchronized (this) {
			sent = result;
		}
	}

	/* Its sender is another program, whose result is not known here. */
	synchronized String sentElsewhere() {
		elsewhere = true;
		return key;
	}

	/* An ignorant bank knows from now on. */
	synchronized void learn() {
		learned = true;
	}

	Plan.Word carriedOut() {
		Plan.Word word = plan.carriedOut();
		try {
			if (plan.late) {
				Check.that(answered.await(60, TimeUnit.SECONDS), "the bank was never asked: " + key);
				/* The answer has to be on its way before. */
				Thread.sleep(200);
			}
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
		synchronized (this) {
			decided |= word == Plan.Word.COMMIT;
		}
		return word;
	}

	synchronized Plan.Word asked(MessageExt message) {
		asks++;
		if (firstAsk == 0)
			firstAsk = System.nanoTime();
		place = message.getCommitLogOffset();
		compare(message, "the broker asks about");
		Plan.Word word = learned ? Plan.Word.COMMIT : plan.asked(asks);
		decided |= word == Plan.Word.COMMIT;
		answered.countDown();
		return word;
	}

	synchronized void receive(MessageExt message) {
		if (!decided)
			wrong = "it came before its commit";
		received.add(message);
	}

	synchronized int asks() {
		return asks;
	}

	synchronized SendResult sent() {
		return sent;
	}

	synchronized boolean settled() {
		boolean asked = asks >= Math.max(plan.asks(), plan.late ? 1 : 0);
		return (sent != null || elsewhere) && asked && (received.size() > 0 || !plan.arrives);
	}

	private void compare(MessageExt message, String what) {
		if (!message.getTopic().equals(topic))
			wrong = what + " topic " + message.getTopic();
		else if (!java.util.Arrays.equals(message.getBody(), body))
			wrong = what + " another body";
		else if (!("Tag" + plan.ordinal()).equals(message.getTags()) || message.getFlag() != 7)
			wrong = what + " tags " + message.getTags() + ", flag " + message.getFlag();
		else if (!"A".equals(message.getProperty("from"))
		    || !"張三 & co".equals(message.getProperty("户")))
			wrong = what + " properties " + message.getProperties();
	}

	/* All that must hold at the end. */
	synchronized void check() throws Exception {
		Check.same(received.size(), plan.arrives ? 1 : 0, "times that " + key + " came");
		for (MessageExt message : received)
			check(message);
		Check.that(wrong == null, key + ": " + wrong);
		if (plan.neverAsked())
			Check.same(asks, 0, "times that the broker asked about " + key + ", which was decided at once");
		else if (plan.asks() > 0)
			Check.same(asks, plan.asks(), "times that the broker asked about " + key);
		if (plan == Plan.IMMUNE)
			Check.that(firstAsk - start >= IMMUNE_SECONDS * 1_000_000_000L,
			    key + " was asked about after " + (firstAsk - start) / 1_000_000 + " ms");
	}

	private void check(MessageExt message) throws Exception {
		compare(message, "the consumer gets");
		Check.same(message.getSysFlag() & TRANSACTION_FLAGS, COMMIT_FLAG, "flags of " + key);
		Check.same(message.getProperty("TRAN_MSG"), null, "property TRAN_MSG of " + key);
		if (place >= 0)
			Check.same(message.getPreparedTransactionOffset(), place, "half message of " + key);
		if (elsewhere)
			return;
		Check.same(message.getQueueId(), sent.getMessageQueue().getQueueId(), "queue of " + key);
		/* The client of 3.x knows the place of the half message only, the others only what is in both. */
		if (Mq.has(sent, "getOffsetMsgId"))
			Check.same(message.getMsgId(), sent.getMsgId(), "id of " + key);
		else
			Check.same(message.getPreparedTransactionOffset(),
			    MessageDecoder.decodeMessageId(sent.getMsgId()).getOffset(), "half message of " + key);
	}
}
