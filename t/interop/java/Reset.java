import java.util.concurrent.atomic.AtomicIntegerArray;

import org.apache.rocketmq.client.producer.DefaultMQProducer;

/*
 * Offsets are reset by time while the consumer runs, by RocketMQ's mqadmin of the generation that is given: all
 * from that moment on comes a second time, and nothing before it.
 */
final class Reset implements Scenario {
	private static final int HALF = 100;

	private final String tools;
	private final AtomicIntegerArray came = new AtomicIntegerArray(3 * HALF);

	Reset(String tools) {
		this.tools = tools;
	}

	@Override
	public String run() throws Exception {
		String name = "reset_" + tools.replace(".", "");
		String topic = Mq.topic(name, 2);
		Ledger numbers = new Ledger(topic, 12, 12);
		Mq.push(name, topic, "*", message -> came.incrementAndGet(
		    Integer.parseInt(message.getKeys().substring(1))));
		DefaultMQProducer producer = Mq.producer(name + "_send");
		Send.sync(producer, numbers, 0, HALF);
		/* Far from its neighbours: 4.x answers the nearer one. */
		Thread.sleep(1500);
		long time = System.currentTimeMillis();
		Send.sync(producer, numbers, HALF, 2 * HALF);
		Check.until("all messages", () -> come(0, 2 * HALF, 1));
		long start = System.nanoTime();
		Interop.ask("tool " + tools + " #brokerName resetOffsetByTime -g " + Mq.name(name) + " -t " + topic
		    + " -s " + time);
		Check.until("the second half a second time", () -> come(HALF, 2 * HALF, 2));
		long took = (System.nanoTime() - start) / 1_000_000;
		Send.sync(producer, numbers, 2 * HALF, 3 * HALF);
		Check.until("all that is sent afterwards", () -> come(2 * HALF, 3 * HALF, 1));
		for (int i = 0; i < HALF; i++)
			Check.same(came.get(i), 1, "times that message " + i + " of the first half came");
		return "by mqadmin " + tools + ": repeated after " + took + " ms";
	}

	private boolean come(int from, int to, int times) {
		for (int i = from; i < to; i++)
			if (came.get(i) < times)
				return false;
		return true;
	}
}
