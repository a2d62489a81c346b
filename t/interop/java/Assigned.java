import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;

/* Push consumers that ask the broker which queues are theirs, in the mode of a pull (400). Since 5.0. */
final class Assigned implements Scenario {
	private static final int MESSAGES = 300;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("assigned", 4);
		Ledger ledger = new Ledger(topic, 12, 100);
		DefaultMQPushConsumer[] consumers = new DefaultMQPushConsumer[2];
		for (int i = 0; i < consumers.length; i++) {
			consumers[i] = Mq.push("assigned", ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, ledger::receive);
			consumers[i].setClientRebalance(false);
			consumers[i].subscribe(topic, "*");
			consumers[i].start();
		}
		for (DefaultMQPushConsumer consumer : consumers)
			Check.until("half of the queues for each", () -> Mq.owned(consumer, topic) == 4);
		Send.sync(Mq.producer("assigned_send"), ledger, 0, MESSAGES);
		ledger.complete(MESSAGES);
		return MESSAGES + " messages, half of the queues for each of two";
	}
}
