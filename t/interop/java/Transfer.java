import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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
	/* transactionTimeOut of the brokers; longer than two of their checks are apart. */
	private static final long PATIENCE_NS = Long.getLong("interop.patience", 1500) * 1_000_000;
	private static final long QUIET_NS = 3_000_000_000L;
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
	private boolean committed; /* COMMIT was said, or will be at once */
	private boolean learned;
	private int asks;
	private long start;
	private long firstAsk;
	private long lastAsk;
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
				Check.that(answered.await(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "the bank was never asked: " + key);
				/* The answer has to be there before: then it is not asked again. */
				while (plan.asked(1).decides() && !quiet())
					Thread.sleep(100);
			}
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
		return say(word);
	}

	private synchronized boolean quiet() {
		return System.nanoTime() - lastAsk > QUIET_NS;
	}

	synchronized Plan.Word asked(MessageExt message) {
		asks++;
		lastAsk = System.nanoTime();
		if (firstAsk == 0)
			firstAsk = lastAsk;
		place = message.getCommitLogOffset();
		compare(message, "the broker asks about");
		Plan.Word word = learned ? Plan.Word.COMMIT : plan.asked(asks);
		answered.countDown();
		return say(word);
	}

	private synchronized Plan.Word say(Plan.Word word) {
		committed |= word == Plan.Word.COMMIT;
		return word;
	}

	synchronized void receive(MessageExt message) {
		if (!committed)
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
		return (sent != null || elsewhere) && asks >= plan.asks() && (received.size() > 0 || !plan.arrives);
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
		Check.same(received.size() > 0, plan.arrives, "whether " + key + " came");
		Map<String, Set<String>> halves = placesByHalf();
		for (Set<String> places : halves.values())
			Check.same(places.size(), 1, "deliveries of one half message of " + key + ": " + places);
		for (MessageExt message : received)
			check(message, halves.size() == 1);
		Check.that(wrong == null, key + ": " + wrong);
		long patience = plan == Plan.IMMUNE ? IMMUNE_SECONDS * 1_000_000_000L : PATIENCE_NS;
		if (start != 0 && firstAsk != 0)
			Check.that(firstAsk - start >= patience,
			    key + " was asked about after " + (firstAsk - start) / 1_000_000 + " ms");
	}

	/*
	 * Where it was delivered to, by half message. A client that had no answer in time sends again, and
	 * then there are two; a message that comes twice from one place is the consumer's affair.
	 */
	private Map<String, Set<String>> placesByHalf() {
		Map<String, Set<String>> halves = new TreeMap<>();
		for (MessageExt message : received)
			halves.computeIfAbsent(
			    message.getStoreHost() + " " + message.getPreparedTransactionOffset(), k -> new TreeSet<>())
			    .add(message.getQueueId() + "@" + message.getQueueOffset());
		return halves;
	}

	private void check(MessageExt message, boolean sentOnce) throws Exception {
		compare(message, "the consumer gets");
		Check.same(message.getSysFlag() & TRANSACTION_FLAGS, COMMIT_FLAG, "flags of " + key);
		Check.same(message.getProperty("TRAN_MSG"), null, "property TRAN_MSG of " + key);
		if (place >= 0 && sentOnce)
			Check.same(message.getPreparedTransactionOffset(), place, "half message of " + key);
		if (elsewhere || !sentOnce)
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
