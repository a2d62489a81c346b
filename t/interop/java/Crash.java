import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageQueue;

/* Three consumers share 8 queues; one is killed: all queues are owned again in time, nothing is lost (CO4). */
final class Crash implements Scenario {
	private static final int QUEUES = 8;
	private static final int MESSAGES = 3000;

	private final String topic = Mq.name("crash");
	private final Ledger ledger = new Ledger(topic, 12, 300);
	private final AtomicInteger atThird = new AtomicInteger();

	@Override
	public String run() throws Exception {
		Mq.topic("crash", QUEUES / 2);
		DefaultMQPushConsumer first = Mq.push("crash", topic, "*", ledger::receive);
		DefaultMQPushConsumer second = Mq.push("crash", topic, "*", ledger::receive);
		/* Settled first, so that what changes afterwards is the third one's coming. */
		Check.until("shared by two",
		    () -> owned(first) == QUEUES / 2 && owned(second) == QUEUES / 2);
		Jvm third = new Jvm(this::read, "Member", "crash", topic);
		long back;
		try {
			Check.until("shared by three", () -> owned(first, second) < QUEUES);
			DefaultMQProducer producer = Mq.producer("crash");
			Send.sync(producer, ledger, 0, MESSAGES / 2);
			Check.until("a message at the third", () -> atThird.get() > 10);
			third.kill();
			long start = System.nanoTime();
			Send.sync(producer, ledger, MESSAGES / 2, MESSAGES);
			Check.until("owners of all queues", () -> owned(first, second) == QUEUES);
			back = (System.nanoTime() - start) / 1_000_000;
		} finally {
			third.kill();
		}
		ledger.complete(MESSAGES);
		return MESSAGES + " messages, " + atThird.get() + " at the one that was killed, its queues owned after "
		    + back + " ms, " + ledger.duplicates() + " duplicates";
	}

	/* What the third has consumed counts, and may come a second time after its death. */
	private void read(String line) {
		if (line.startsWith("got k")) {
			ledger.mark(Integer.parseInt(line.substring(5)));
			atThird.incrementAndGet();
		}
	}

	private int owned(DefaultMQPushConsumer... consumers) {
		Set<MessageQueue> queues = new HashSet<>();
		for (DefaultMQPushConsumer consumer : consumers)
			for (MessageQueue queue : consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl()
			    .getProcessQueueTable().keySet())
				if (queue.getTopic().equals(topic))
					queues.add(queue);
		return queues.size();
	}
}
