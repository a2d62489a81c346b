import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * The master of a broker name is replaced by another broker while producers send and a group consumes.
 * What was acknowledged comes; half messages that were open are decided once, by a check or by an END of
 * their producer; what waited for its time comes, and not before.
 */
final class MoveIn implements Scenario, Bank {
	private static final String BROKER = "broker-a";
	private static final int PRODUCERS = 2;
	private static final int OF_EACH = 3; /* transactions of a kind */
	private static final int LEVEL_2_MS = 7000, LEVEL_3_MS = 12000, TIMED_MS = 12000;

	private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
	/* What came: for each id the places in queues that it came from. */
	private final Map<String, Set<String>> came = new ConcurrentHashMap<>();
	private final Map<String, Long> due = new ConcurrentHashMap<>();
	private final Map<String, Integer> halves = new ConcurrentHashMap<>();
	private final List<String> early = new ArrayList<>();
	private final CountDownLatch late = new CountDownLatch(1);
	private final AtomicInteger atNewMaster = new AtomicInteger(), refused = new AtomicInteger();
	private volatile boolean moved, stop;
	private String topic;
	private Transactor transactor;

	@Override
	public String run() throws Exception {
		topic = Boolean.getBoolean("interop.other") ? Mq.topic("move", 4) : Mq.name("move");
		Mq.stored(Mq.producer("first").send(message("first")));
		acknowledged.add("first");
		DefaultMQPushConsumer consumer = Mq.push("move", topic, "*", this::receive);
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < PRODUCERS; i++)
			threads.add(begin(producing("p" + i)));
		transactor = Mq.transactor("tx", this);
		transact("now", threads);
		Check.until("a decision before the move", () -> committed("now") == OF_EACH);
		transact("ask", threads);
		transact("late", threads);
		DefaultMQProducer delaying = Mq.producer("delay");
		for (int i = 0; i < 20; i++)
			delay(delaying, i);
		int before = acknowledged.size();
		Interop.ask("move");
		moved = true;
		/* A consumer of 4.9 would wait 30 s for the pulls that the old master had not answered. */
		if (Boolean.getBoolean("interop.again")) {
			consumer.shutdown();
			Mq.push("move", topic, "*", this::receive);
		}
		/* Its producer knows the new master. */
		Check.until("a transaction at the new master", this::isTransacting);
		late.countDown();
		Check.until("sends to the new master", () -> atNewMaster.get() >= 100);
		stop = true;
		for (Thread thread : threads)
			thread.join();
		for (String kind : new String[] { "now", "ask", "late" })
			Check.until("the commits of " + kind, () -> committed(kind) == OF_EACH);
		Check.until("all that was acknowledged", () -> came.keySet().containsAll(acknowledged));
		Check.until("all that waited", () -> came.keySet().containsAll(due.keySet()));
		judge();
		long twice = due.keySet().stream().filter(id -> came.get(id).size() > 1).count();
		return acknowledged.size() + " acknowledged, " + before + " of them before, " + refused.get()
		    + " sends failed meanwhile, " + twice + " delayed messages came twice";
	}

	private void judge() {
		synchronized (early) {
			Check.that(early.isEmpty(), "early: " + early);
		}
		for (Map.Entry<String, Set<String>> one : came.entrySet()) {
			Check.that(!one.getKey().contains("rollback"), one.getKey() + " was delivered");
			if (one.getKey().contains("commit"))
				Check.that(one.getValue().size() == 1,
				    one.getKey() + " was stored more than once: " + one.getValue());
		}
	}

	private Message message(String id) {
		return Mq.message(topic, id);
	}

	private void receive(MessageExt message) {
		Long time = due.get(message.getKeys());
		if (time != null && System.currentTimeMillis() < time)
			synchronized (early) {
				early.add(message.getKeys());
			}
		came.computeIfAbsent(message.getKeys(), id -> ConcurrentHashMap.newKeySet())
		    .add(message.getBrokerName() + "/" + message.getQueueId() + "/" + message.getQueueOffset());
	}

	private static Thread begin(Runnable work) {
		Thread thread = new Thread(work);
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

	private Runnable producing(String name) throws Exception {
		DefaultMQProducer producer = Mq.producer(name);
		return () -> {
			for (int i = 0; !stop; i++)
				send(producer, name + "-" + i);
		};
	}

	private void send(DefaultMQProducer producer, String id) {
		try {
			boolean after = moved;
			String broker = Mq.stored(producer.send(message(id))).getMessageQueue().getBrokerName();
			acknowledged.add(id);
			if (after && broker.equals(BROKER))
				atNewMaster.incrementAndGet();
			Thread.sleep(4);
		} catch (Exception e) {
			refused.incrementAndGet();
			pause();
		}
	}

	private static void pause() {
		try {
			Thread.sleep(50);
		} catch (InterruptedException e) {
			Thread.currentThread().interrupt();
		}
	}

	private void delay(DefaultMQProducer producer, int i) throws Exception {
		boolean timed = Boolean.getBoolean("interop.timed") && i % 4 == 0;
		Message message = message("delayed-" + i);
		int wait = timed ? TIMED_MS : i % 2 == 0 ? LEVEL_2_MS : LEVEL_3_MS;
		if (timed)
			MessageAccessor.putProperty(message, "TIMER_DELAY_MS", String.valueOf(TIMED_MS));
		else
			message.setDelayTimeLevel(i % 2 == 0 ? 2 : 3);
		/* RocketMQ rounds times down to a second. */
		due.put(message.getKeys(), System.currentTimeMillis() + wait - 1000);
		Mq.stored(producer.send(message));
	}

	/* ---- transactions ---- */

	/* Returns when their half messages are stored. */
	private void transact(String kind, List<Thread> threads) throws Exception {
		for (int i = 0; i < OF_EACH; i++)
			for (String verdict : new String[] { "commit", "rollback" }) {
				String id = kind + "-" + verdict + "-" + i;
				threads.add(begin(() -> sendHalf(id)));
			}
		Check.until("the half messages of " + kind, () -> halves.getOrDefault(kind, 0) == 2 * OF_EACH);
	}

	private void sendHalf(String id) {
		try {
			transactor.send(message(id));
		} catch (Exception e) {
			Interop.say("half " + id + ": " + e);
		}
	}

	private boolean isTransacting() {
		try {
			transactor.send(message("probe"));
			return true;
		} catch (Exception e) {
			return false;
		}
	}

	private long committed(String kind) {
		return came.keySet().stream().filter(id -> id.startsWith(kind + "-commit")).count();
	}

	private static LocalTransactionState verdict(String id) {
		return id.contains("rollback") ? LocalTransactionState.ROLLBACK_MESSAGE
		    : LocalTransactionState.COMMIT_MESSAGE;
	}

	@Override
	public LocalTransactionState carryOut(Message message) {
		String id = message.getKeys();
		halves.merge(id.split("-")[0], 1, Integer::sum);
		if (id.equals("probe"))
			return LocalTransactionState.ROLLBACK_MESSAGE;
		if (id.startsWith("ask"))
			return LocalTransactionState.UNKNOW;
		try {
			if (id.startsWith("late"))
				late.await();
		} catch (InterruptedException e) {
			return LocalTransactionState.UNKNOW;
		}
		return verdict(id);
	}

	/* Only what nobody else decides; before the move nothing. */
	@Override
	public LocalTransactionState asked(MessageExt message) {
		return moved && message.getKeys().startsWith("ask") ? verdict(message.getKeys())
		    : LocalTransactionState.UNKNOW;
	}
}
