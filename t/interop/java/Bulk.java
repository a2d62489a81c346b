import org.apache.rocketmq.client.producer.DefaultMQProducer;

/* 100,000 messages, complete and equal to the byte, while the consumer runs. */
final class Bulk implements Scenario {
	private static final int MESSAGES = Integer.getInteger("interop.bulk", 100_000);

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("bulk", 4);
		Ledger ledger = new Ledger(topic, 100, 800);
		Mq.push("bulk", topic, "*", ledger::receive);
		DefaultMQProducer producer = Mq.producer("bulk");
		Send.async(producer, ledger, 0, MESSAGES, 256);
		ledger.completeOnce(MESSAGES);
		return MESSAGES + " messages";
	}
}
