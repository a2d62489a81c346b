import java.util.Collection;
import java.util.List;

import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/* The lite pull consumer, by subscription and by assignment. Since 4.6. */
final class LitePull implements Scenario {
	private static final int MESSAGES = 1000;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("lite", 4);
		Ledger sent = new Ledger(topic, 12, 500);
		Send.async(Mq.producer("lite"), sent, 0, MESSAGES, 64);
		subscribe(topic);
		assign(topic);
		return MESSAGES + " messages by subscription and again by assignment";
	}

	private static DefaultLitePullConsumer consumer(String group) {
		DefaultLitePullConsumer consumer = Mq.configure(new DefaultLitePullConsumer(Mq.name(group)));
		consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
		Mq.onClose(consumer::shutdown);
		return consumer;
	}

	private static void poll(DefaultLitePullConsumer consumer, Ledger ledger, int wanted) throws Exception {
		Check.until("all polled", () -> {
			List<MessageExt> messages = consumer.poll(200);
			messages.forEach(ledger::receive);
			return ledger.count() >= wanted;
		});
		ledger.completeOnce(wanted);
	}

	private static void subscribe(String topic) throws Exception {
		DefaultLitePullConsumer consumer = consumer("lite_subscribe");
		consumer.subscribe(topic, "*");
		consumer.start();
		poll(consumer, new Ledger(topic, 12, 500), MESSAGES);
		consumer.commitSync();
		long committed = 0;
		for (MessageQueue queue : consumer.fetchMessageQueues(topic))
			committed += consumer.committed(queue);
		Check.same(committed, (long) MESSAGES, "sum of the committed offsets");
	}

	private static void assign(String topic) throws Exception {
		DefaultLitePullConsumer consumer = consumer("lite_assign");
		consumer.setAutoCommit(false);
		consumer.start();
		Collection<MessageQueue> queues = consumer.fetchMessageQueues(topic);
		Check.same(queues.size(), 8, "queues of the topic");
		consumer.assign(queues);
		Ledger ledger = new Ledger(topic, 12, 500);
		poll(consumer, ledger, MESSAGES);
		/* One seek only: 5.x interrupts its pulling threads for it, which closes connections. */
		consumer.seek(queues.iterator().next(), 0);
		Check.until("polled again after a seek", () -> {
			consumer.poll(200).forEach(ledger::receive);
			return ledger.duplicates() > 0;
		});
	}
}
