import org.apache.rocketmq.client.producer.DefaultMQProducer;

/* A producer and a consumer that use the port two below (C9); 4.2.0 does so by itself. */
final class Vip implements Scenario {
	@Override
	public String run() throws Exception {
		String topic = Mq.topic("vip", 2);
		DefaultMQProducer producer = Mq.configure(new DefaultMQProducer(Mq.name("vip")));
		Mq.call(producer, "setVipChannelEnabled", true);
		producer.start();
		Mq.onClose(producer::shutdown);
		Ledger ledger = new Ledger(topic, 12, 500);
		Mq.push("vip", topic, "*", ledger::receive);
		Send.sync(producer, ledger, 0, 100);
		ledger.completeOnce(100);
		return "100 messages";
	}
}
