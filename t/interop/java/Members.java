import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageQueue;

/* A consumer joins its group under traffic, and leaves again: nothing is lost, no queue stays alone. */
final class Members implements Scenario {
	private static final int QUEUES = 16;

	private final String topic = Mq.name("members");
	private final Ledger ledger = new Ledger(topic, 12, 300);
	private final AtomicInteger sent = new AtomicInteger();
	private volatile boolean stop;
	private volatile Throwable failure;

	@Override
	public String run() throws Exception {
		Mq.topic("members", QUEUES / 2);
		DefaultMQPushConsumer first = Mq.push("members", topic, "*", ledger::receive);
		Thread traffic = new Thread(this::traffic);
		traffic.start();
		own(first, QUEUES);
		arrive(100);
		AtomicInteger seen = new AtomicInteger();
		DefaultMQPushConsumer second = Mq.push("members", topic, "*", message -> {
			seen.incrementAndGet();
			ledger.receive(message);
		});
		long joined = own(first, QUEUES / 2);
		own(second, QUEUES / 2);
		Set<MessageQueue> all = new HashSet<>(queues(first));
		all.addAll(queues(second));
		Check.same(all.size(), QUEUES, "queues owned by one of the two");
		Check.until("known to the broker as two members", () -> ids(first).size() == 2);
		int before = seen.get();
		Check.until("any message at the second consumer", () -> seen.get() > before + 50);
		second.shutdown();
		long left = own(first, QUEUES);
		Check.until("known to the broker as one member", () -> ids(first).size() == 1);
		arrive(200);
		stop = true;
		traffic.join();
		if (failure != null)
			throw new AssertionError("a send failed: " + failure, failure);
		ledger.complete(sent.get());
		return sent.get() + " messages, shared after " + joined + " ms, taken back after " + left
		    + " ms, " + ledger.duplicates() + " duplicates";
	}

	private void traffic() {
		try {
			DefaultMQProducer producer = Mq.producer("members");
			while (!stop) {
				int number = sent.get();
				Mq.stored(producer.send(ledger.message(number)));
				sent.incrementAndGet();
				Thread.sleep(1);
			}
		} catch (Throwable e) {
			failure = e;
		}
	}

	/* Waits for n more messages. */
	private void arrive(int n) throws Exception {
		int wanted = ledger.count() + n;
		Check.until("more traffic", () -> ledger.count() >= wanted);
	}

	private Set<MessageQueue> queues(DefaultMQPushConsumer consumer) {
		Set<MessageQueue> queues = new HashSet<>();
		for (MessageQueue queue : consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl()
		    .getProcessQueueTable().keySet())
			if (queue.getTopic().equals(topic))
				queues.add(queue);
		return queues;
	}

	/* Milliseconds until the consumer owns n queues. */
	private long own(DefaultMQPushConsumer consumer, int n) throws Exception {
		long start = System.nanoTime();
		Check.until("with " + n + " queues", () -> queues(consumer).size() == n);
		return (System.nanoTime() - start) / 1_000_000;
	}

	private List<String> ids(DefaultMQPushConsumer consumer) {
		return consumer.getDefaultMQPushConsumerImpl().getmQClientFactory()
		    .findConsumerIdList(topic, Mq.name("members"));
	}
}
