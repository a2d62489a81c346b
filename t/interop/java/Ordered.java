import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * Orders whose messages are consumed one after the other, through all that makes queues change hands: a
 * member joins, another is killed, a master is killed and comes back (PR4, CO2).
 */
final class Ordered implements Scenario {
	private static final String VICTIM = "broker-a";
	private static final int QUEUES = 4; /* on each master */
	private static final int EACH = 2;   /* orders in each queue */

	private final String topic = Mq.name("ordered");
	private final List<Thread> traffic = new ArrayList<>();
	private Journal journal;
	private volatile boolean stop;
	private volatile Throwable failure;

	@Override
	public String run() throws Exception {
		journal = new Journal(new File(System.getProperty("user.home"), topic));
		Mq.topic("ordered", QUEUES);
		DefaultMQPushConsumer first = member("first", journal, topic);
		DefaultMQProducer producer = Mq.producer("ordered");
		int[][] sent = { new int[QUEUES * EACH], new int[QUEUES * EACH] };
		traffic(producer, "broker-a", sent[0]);
		traffic(producer, "broker-b", sent[1]);
		progress("all", 5);
		long start = System.nanoTime();
		DefaultMQPushConsumer second = member("second", journal, topic);
		shared(first);
		long joined = (System.nanoTime() - start) / 1_000_000;
		long handedOver = killsMember();
		long back = killsMaster(first, second);
		stop = true;
		for (Thread thread : traffic)
			thread.join();
		int all = complete("broker-a", sent[0]) + complete("broker-b", sent[1]);
		return all + " messages of " + 2 * QUEUES * EACH + " orders, shared after " + joined
		    + " ms, consumed on " + handedOver + " ms after a member's death and " + back
		    + " ms after a master's return, " + journal.replayed() + " repeated";
	}

	static DefaultMQPushConsumer member(String name, Journal journal, String topic) throws Exception {
		DefaultMQPushConsumer consumer = Mq.orderly("ordered", (messages, context) -> {
			for (MessageExt message : messages)
				journal.add(name, Mq.text(message));
			return ConsumeOrderlyStatus.SUCCESS;
		});
		consumer.subscribe(topic, "*");
		consumer.start();
		return consumer;
	}

	/* Number after number of each order, to the queue of the order; again and again until it is stored. */
	private void traffic(DefaultMQProducer producer, String broker, int[] sent) {
		Thread thread = new Thread(() -> {
			try {
				while (!stop)
					for (int order = 0; order < sent.length; order++) {
						send(producer, broker, order, sent[order]);
						sent[order]++;
						Thread.sleep(2);
					}
			} catch (Throwable e) {
				failure = e;
			}
		});
		traffic.add(thread);
		thread.start();
	}

	private void send(DefaultMQProducer producer, String broker, int order, int number) throws Exception {
		Message message = Mq.message(topic, broker + "/" + order + " " + number);
		boolean dies = broker.equals(VICTIM);
		for (long end = System.nanoTime() + Check.LIMIT_SECONDS * 2_000_000_000L;;)
			try {
				Mq.stored(producer.send(message, new MessageQueue(topic, broker, order % QUEUES), dies ? 3000 : 30000));
				return;
			} catch (Exception e) {
				if (!dies || System.nanoTime() > end)
					throw e;
				Thread.sleep(50);
			}
	}

	/* Every order of one master, or of all, goes on for so many numbers. Returns ms. */
	private long progress(String broker, int numbers) throws Exception {
		long start = System.nanoTime();
		Map<String, Integer> before = journal.highest();
		Check.until("every order of " + broker + " goes on", () -> {
			if (failure != null)
				throw new AssertionError("a send failed: " + failure, failure);
			return goneOn(broker, numbers, before);
		});
		return (System.nanoTime() - start) / 1_000_000;
	}

	private boolean goneOn(String broker, int numbers, Map<String, Integer> before) throws IOException {
		Map<String, Integer> now = journal.highest();
		for (String one : new String[] { "broker-a", "broker-b" })
			for (int order = 0; order < QUEUES * EACH; order++) {
				String name = one + "/" + order;
				if ((broker.equals("all") || broker.equals(one))
				    && now.getOrDefault(name, -1) < before.getOrDefault(name, -1) + numbers)
					return false;
			}
		return true;
	}

	private void shared(DefaultMQPushConsumer first) throws Exception {
		Check.until("shared half and half", () -> Mq.owned(first, topic) == QUEUES);
		Check.until("anything at the second", () -> journal.of("second") > 50);
		progress("all", 5);
	}

	private long killsMember() throws Exception {
		Jvm third = new Jvm(line -> {
		}, "OrderedMember", topic, journal.file().getPath());
		try {
			Check.until("anything at the third", () -> journal.of("third") > 50);
			progress("all", 5);
		} finally {
			third.kill();
		}
		return progress("all", 5);
	}

	private long killsMaster(DefaultMQPushConsumer... members) throws Exception {
		Interop.ask("kill " + VICTIM);
		try {
			progress("broker-b", 20);
			/* Queues of the dead are given up, lest pulls that wait for its answers do so to the end. */
			for (DefaultMQPushConsumer one : members)
				Check.until("without the queues of " + VICTIM, () -> Mq.owned(one, topic) == QUEUES / 2);
		} finally {
			Interop.ask("start " + VICTIM);
		}
		return progress("all", 10);
	}

	/* All that was sent to this master was consumed. Returns how many. */
	private int complete(String broker, int[] sent) throws Exception {
		int all = 0;
		for (int i = 0; i < sent.length; i++) {
			String order = broker + "/" + i;
			int last = sent[i] - 1;
			Check.until(order + " " + last + " consumed", () -> journal.highest().get(order) >= last);
			all += sent[i];
		}
		return all;
	}
}
