import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * The only master dies under traffic of three kinds and its slave is promoted; it comes back as a slave, and is
 * promoted when the other one dies. What was stored is consumed, queues keep their order, and each transaction is
 * decided once, those too that were open or under way at a master that died. The script makes the topics.
 */
final class Promotion implements Scenario {
	private static final String BROKER = "pair";
	private static final int QUEUES = 4; /* of each topic */
	private static final int OPEN = 12;  /* transactions that a master is not told the end of */
	private static final int LATE = 4;   /* whose local transactions run while it dies */
	/*
	 * A client of 4.x waits half a minute for pulls that the dead master owed it; of a later one, what it consumes
	 * is awaited after each promotion.
	 */
	private static final boolean CONSUMES = Boolean.getBoolean("interop.consumes");

	private interface Step {
		/* Sends number n; false, or any exception: it may not be stored. */
		boolean send(int n) throws Exception;
	}

	private final String plain = Mq.name("promotion");
	private final String ordered = Mq.name("promotion_ordered");
	private final String transactional = Mq.name("promotion_tx");
	private final Ledger ledger = new Ledger(plain, 12, 500);
	private Journal journal;
	private final AtomicInteger[] sent = new AtomicInteger[QUEUES];
	private final AtomicInteger sentPlain = new AtomicInteger();
	private final AtomicInteger triedTransactions = new AtomicInteger();
	private final Ledgered bank = new Ledgered();
	/* By key: the places that it came from. */
	private final Map<String, Set<String>> came = new ConcurrentHashMap<>();
	private final List<Thread> traffic = new ArrayList<>();
	private int opened;
	private volatile boolean stop;
	private volatile Throwable failure;

	@Override
	public String run() throws Exception {
		journal = new Journal(new File(System.getProperty("user.home"), ordered));
		consume();
		Transactor transactor = startTransactor();
		startTraffic(transactor);
		progress(true);
		Check.until("a transaction consumed", () -> !came.isEmpty());
		openTransactions(transactor);
		List<Thread> late = lateTransactions(transactor);
		Interop.ask("stage promote");
		progress(CONSUMES);
		bank.knows = OPEN;
		bank.dies.countDown();
		for (Thread thread : late)
			thread.join();
		Interop.ask("stage back");
		openTransactions(transactor);
		progress(false);
		Interop.ask("stage promote");
		progress(CONSUMES);
		bank.knows = 2 * OPEN;
		stop = true;
		for (Thread thread : traffic)
			thread.join();
		alive();
		return complete();
	}

	/* ---- consumers -------------------------------------------------------- */

	private void consume() throws Exception {
		Mq.push("promotion", plain, "*", ledger::receive);
		DefaultMQPushConsumer orderly = Mq.orderly("promotion_ordered", (messages, context) -> {
			for (MessageExt message : messages)
				journal.add("one", Mq.text(message));
			return ConsumeOrderlyStatus.SUCCESS;
		});
		orderly.subscribe(ordered, "*");
		orderly.start();
		Mq.push("promotion_tx", transactional, "*", message -> came
		    .computeIfAbsent(message.getKeys(), key -> ConcurrentHashMap.newKeySet())
		    .add(message.getQueueId() + " " + message.getQueueOffset()));
	}

	/* ---- producers -------------------------------------------------------- */

	/* Short, as a client of 4.x waits so long for an answer that the dead master owed it. */
	private static DefaultMQProducer impatient(DefaultMQProducer producer) {
		producer.setSendMsgTimeout(3000);
		return producer;
	}

	/* The master has it, and so has each slave that may be promoted. */
	private static boolean stored(SendResult result) {
		return result != null && (result.getSendStatus() == SendStatus.SEND_OK
		    || result.getSendStatus() == SendStatus.SLAVE_NOT_AVAILABLE);
	}

	private Transactor startTransactor() throws Exception {
		Transactor transactor = Mq.newTransactor("promotion_tx", bank);
		impatient(transactor.producer()).start();
		Mq.onClose(transactor.producer()::shutdown);
		return transactor;
	}

	private void startTraffic(Transactor transactor) throws Exception {
		DefaultMQProducer producer = impatient(Mq.producer("promotion"));
		DefaultMQProducer orderly = impatient(Mq.producer("promotion_ordered"));
		start(sentPlain, 2, n -> stored(producer.send(ledger.message(n))));
		for (int i = 0; i < QUEUES; i++) {
			MessageQueue queue = new MessageQueue(ordered, BROKER, i);
			String name = "queue" + i;
			sent[i] = new AtomicInteger();
			start(sent[i], 5, n -> stored(orderly.send(Mq.message(ordered, name + " " + n), queue)));
		}
		/* A transaction that fails is over; the next one has another key. */
		start(triedTransactions, 10, n -> {
			transact(transactor, "key" + n);
			return true;
		});
	}

	/* Number after number, each again and again until it is stored. */
	private void start(AtomicInteger counter, int pauseMs, Step step) {
		Thread thread = new Thread(() -> {
			try {
				while (!stop) {
					long end = System.nanoTime() + Check.LIMIT_SECONDS * 1_000_000_000L;
					while (!sends(step, counter.get(), end))
						Thread.sleep(50);
					counter.incrementAndGet();
					Thread.sleep(pauseMs);
				}
			} catch (Throwable e) {
				failure = e;
			}
		});
		traffic.add(thread);
		thread.start();
	}

	private static boolean sends(Step step, int n, long end) throws Exception {
		try {
			return step.send(n);
		} catch (Exception e) {
			if (System.nanoTime() > end)
				throw e;
			return false;
		}
	}

	/* ---- transactions ----------------------------------------------------- */

	/* True: the half message is stored, and what the bank does counts. */
	private boolean transact(Transactor transactor, String key) {
		boolean stored = false;
		try {
			SendResult result = transactor.send(new Message(transactional, "tag", key, key.getBytes()));
			stored = result.getSendStatus() == SendStatus.SEND_OK;
		} catch (Exception e) {
			/* It may be stored: then the broker asks, and hears that nothing was done. */
		}
		if (!stored)
			bank.given.add(key);
		return stored;
	}

	private void openTransactions(Transactor transactor) {
		for (int i = 0; i < OPEN; i++)
			Check.that(transact(transactor, "open" + opened++), "a transaction was not stored");
	}

	private List<Thread> lateTransactions(Transactor transactor) throws Exception {
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < LATE; i++) {
			String key = "late" + i;
			Thread thread = new Thread(() -> transact(transactor, key));
			threads.add(thread);
			thread.start();
		}
		Check.until("the late ones under way", () -> bank.running.getCount() == 0);
		return threads;
	}

	/* Knows of each key whether its local transaction was carried out. */
	private final class Ledgered implements Bank {
		private final Set<String> done = ConcurrentHashMap.newKeySet();
		private final Set<String> given = ConcurrentHashMap.newKeySet(); /* up, and never done */
		private final CountDownLatch running = new CountDownLatch(LATE);
		private final CountDownLatch dies = new CountDownLatch(1);
		private volatile int knows; /* what becomes of those below this that were left open */

		@Override
		public LocalTransactionState carryOut(Message message) {
			String key = message.getKeys();
			if (key.startsWith("open"))
				return LocalTransactionState.UNKNOW;
			if (key.startsWith("late")) {
				running.countDown();
				try {
					dies.await();
				} catch (InterruptedException e) {
					throw new IllegalStateException(e);
				}
			}
			done.add(key);
			return LocalTransactionState.COMMIT_MESSAGE;
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			String key = message.getKeys();
			if (!key.startsWith("open") || number(key) < knows) {
				if (commits(key))
					return LocalTransactionState.COMMIT_MESSAGE;
				if (key.startsWith("open") || given.contains(key))
					return LocalTransactionState.ROLLBACK_MESSAGE;
			}
			return LocalTransactionState.UNKNOW;
		}

		private int number(String key) {
			return Integer.parseInt(key.substring(4));
		}

		boolean commits(String key) {
			return key.startsWith("open") ? number(key) % 2 == 0 : done.contains(key);
		}
	}

	/* ---- what has to come ------------------------------------------------- */

	private void alive() {
		if (failure != null)
			throw new AssertionError("a send failed: " + failure, failure);
	}

	/* All producers go on, and all consumers if that is awaited. */
	private void progress(boolean consumers) throws Exception {
		int[] before = counts();
		Check.until("traffic goes on", () -> {
			alive();
			int[] now = counts();
			for (int i = 0; i < (consumers ? now.length : 2 + QUEUES); i++)
				if (now[i] < before[i] + 20)
					return false;
			return true;
		});
	}

	/* How far each producer is, then each consumer; a client rolls back the transactions that no slave has. */
	private int[] counts() throws Exception {
		int[] counts = new int[2 + QUEUES + 1 + QUEUES];
		int n = 0;
		counts[n++] = sentPlain.get();
		counts[n++] = triedTransactions.get();
		for (AtomicInteger one : sent)
			counts[n++] = one.get();
		counts[n++] = ledger.count();
		Map<String, Integer> highest = journal.highest();
		for (int i = 0; i < QUEUES; i++)
			counts[n++] = highest.getOrDefault("queue" + i, -1);
		return counts;
	}

	private String complete() throws Exception {
		ledger.complete(sentPlain.get());
		int orderly = 0;
		for (int i = 0; i < QUEUES; i++) {
			String name = "queue" + i;
			int last = sent[i].get() - 1;
			Check.until(name + " " + last + " consumed", () -> journal.highest().getOrDefault(name, -1) >= last);
			orderly += last + 1;
		}
		List<String> keys = new ArrayList<>();
		for (int i = 0; i < triedTransactions.get(); i++)
			keys.add("key" + i);
		for (int i = 0; i < opened; i++)
			keys.add("open" + i);
		for (int i = 0; i < LATE; i++)
			keys.add("late" + i);
		int committed = 0;
		for (String key : keys) {
			if (!bank.commits(key))
				continue;
			committed++;
			Check.until(key + " came", () -> came.containsKey(key));
		}
		/* What comes too often would come by then. */
		Interop.ask("stage settled");
		for (String key : keys)
			Check.same(came.getOrDefault(key, Collections.emptySet()).size(), bank.commits(key) ? 1 : 0,
			    "how often " + key + " was delivered");
		return sentPlain.get() + " messages, " + ledger.duplicates() + " of them twice; " + orderly + " in order, "
		    + journal.replayed() + " repeated; " + keys.size() + " transactions, " + committed + " committed";
	}
}
