import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;

/* Three members of a broadcasting group get every message, each with offsets of its own (CO5). */
final class Broadcast implements Scenario {
	private static final int MEMBERS = 3;
	private static final int MESSAGES = 300;

	private final String topic = Mq.name("broadcast");

	@Override
	public String run() throws Exception {
		Mq.topic("broadcast", 2);
		Ledger sender = new Ledger(topic, 12, 300);
		List<Ledger> ledgers = new ArrayList<>();
		DefaultMQPushConsumer last = null;
		for (int i = 0; i < MEMBERS; i++) {
			ledgers.add(new Ledger(topic, 12, 300));
			last = member(i, ledgers.get(i));
		}
		Send.sync(Mq.producer("broadcast"), sender, 0, MESSAGES);
		for (Ledger ledger : ledgers)
			ledger.completeOnce(MESSAGES);

		/* One that comes back under its name goes on where it was: nothing lost, nothing a second time. */
		last.shutdown();
		Send.sync(Mq.producer("broadcast_more"), sender, MESSAGES, 2 * MESSAGES);
		member(MEMBERS - 1, ledgers.get(MEMBERS - 1));
		for (Ledger ledger : ledgers)
			ledger.completeOnce(2 * MESSAGES);
		return 2 * MESSAGES + " messages at each of " + MEMBERS + " members, of which one went and came back";
	}

	private DefaultMQPushConsumer member(int number, Ledger ledger) throws Exception {
		DefaultMQPushConsumer consumer =
		    Mq.push("broadcast", ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, ledger::receive);
		consumer.setInstanceName("broadcast" + Mq.run + "_" + number);
		Mq.choose(consumer, "setMessageModel", "BROADCASTING");
		consumer.subscribe(topic, "*");
		consumer.start();
		Check.until("owner of all queues", () -> Mq.owned(consumer, topic) == 4);
		return consumer;
	}
}
