import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Open transactions on both masters, and one of these is killed (TX12): its half
 * messages wait for it, the other's are decided meanwhile, and in the end each
 * one is: none is lost, none comes twice.
 */
final class Masters implements Scenario {
	private static final String VICTIM = "broker-a";
	private static final int TRANSFERS = 2000; /* half of them on each */

	private static final int LATE = 8;         /* whose local transactions run while it dies */

	/* By key: the places that it came from. One that it comes from again is the consumer's affair. */
	private final Map<String, Set<String>> received = new ConcurrentHashMap<>();
	private final Map<String, Integer> atBrokers = new ConcurrentHashMap<>();
	private final CountDownLatch running = new CountDownLatch(LATE);
	private final CountDownLatch killed = new CountDownLatch(1);
	private volatile boolean knows;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("masters", 4);
		Mq.push("masters", topic, "*", message -> received
		    .computeIfAbsent(message.getKeys(), key -> ConcurrentHashMap.newKeySet())
		    .add(message.getStoreHost() + " " + message.getQueueId() + " " + message.getQueueOffset()));
		Transactor transactor = Mq.transactor("masters", new Ledgered());
		for (int i = 0; i < TRANSFERS; i++)
			send(transactor, topic, i);
		Check.same(atBrokers.get(VICTIM), TRANSFERS / 2, "half messages on " + VICTIM);
		ExecutorService late = Executors.newFixedThreadPool(LATE);
		List<Future<?>> sends = new ArrayList<>();
		for (int i = TRANSFERS; i < TRANSFERS + LATE; i++) {
			int number = i;
			sends.add(late.submit(() -> send(transactor, topic, number)));
		}
		late.shutdown();
		Check.that(running.await(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "the late ones are not carried out");
		Interop.ask("kill " + VICTIM);
		long start = System.nanoTime();
		try {
			killed.countDown();
			knows = true;
			for (Future<?> send : sends)
				send.get();
			/* The consumer gives up the queues of the dead, lest its pulls wait for their answers to the end. */
			Thread.sleep(4500);
		} finally {
			Interop.ask("start " + VICTIM);
		}
		int all = TRANSFERS - TRANSFERS / 4 + LATE;
		Check.until("all committed", () -> received.size() >= all);
		long took = (System.nanoTime() - start) / 1_000_000;
		Thread.sleep(3000);
		int many = 0;
		for (int i = 0; i < TRANSFERS + LATE; i++) {
			int times = received.getOrDefault("key" + i, Collections.emptySet()).size();
			Check.that(times > 0 == commits(i), "key" + i + " came " + times + " times");
			many += times > 1 ? 1 : 0;
		}
		Check.same(many, 0, "transactions that were delivered more than once");
		return TRANSFERS + LATE + " transactions, " + all + " committed, the last one " + took
		    + " ms after the kill";
	}

	private SendResult send(Transactor transactor, String topic, int number) throws Exception {
		SendResult result = Mq.stored(transactor.send(
		    new Message(topic, "tag", "key" + number, new byte[] { (byte) number })));
		atBrokers.merge(result.getMessageQueue().getBrokerName(), 1, Integer::sum);
		return result;
	}

	private static boolean commits(int number) {
		return number >= TRANSFERS || number % 4 != 0;
	}

	private final class Ledgered implements Bank {
		@Override
		public LocalTransactionState carryOut(Message message) {
			if (number(message) < TRANSFERS)
				return LocalTransactionState.UNKNOW;
			running.countDown();
			try {
				killed.await();
			} catch (InterruptedException e) {
				throw new IllegalStateException(e);
			}
			return LocalTransactionState.COMMIT_MESSAGE;
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			if (!knows)
				return LocalTransactionState.UNKNOW;
			return commits(number(message)) ? LocalTransactionState.COMMIT_MESSAGE
			    : LocalTransactionState.ROLLBACK_MESSAGE;
		}

		private int number(Message message) {
			return Integer.parseInt(message.getKeys().substring(3));
		}
	}
}
