import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageRequestMode;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;

/*
 * Push consumers that let the broker share the messages: POP. What one had when it was killed comes to others,
 * what a master had handed out when it was killed comes again, what failed once comes again. Since 5.0.
 */
final class Pop implements Scenario {
	static final int INVISIBLE_MS = 5000;
	private static final String VICTIM = "broker-a";
	private static final int MESSAGES = 400;

	private final String topic = Mq.name("pop");
	private final Ledger ledger = new Ledger(topic, 12, 100);
	private final AtomicInteger held = new AtomicInteger();
	private final AtomicInteger failed = new AtomicInteger();
	private final AtomicInteger[] members = { new AtomicInteger(), new AtomicInteger() };

	@Override
	public String run() throws Exception {
		Mq.topic("pop", 2);
		DefaultMQProducer producer = Mq.producer("pop_send");
		mode(producer, topic, Mq.name("pop"));
		/* A member that keeps what it gets, and is killed. */
		Jvm holder = new Jvm(line -> held.addAndGet(line.startsWith("holds") ? 1 : 0), "PopMember", topic);
		try {
			Send.sync(producer, ledger, 0, MESSAGES / 4);
			Check.until("any message at the member to be killed", () -> held.get() > 4);
		} finally {
			holder.kill();
		}
		long start = System.nanoTime();
		DefaultMQPushConsumer[] consumers = { member(0), member(1) };
		Send.sync(producer, ledger, MESSAGES / 4, MESSAGES / 2);
		ledger.complete(MESSAGES / 2);
		long back = (System.nanoTime() - start) / 1_000_000;
		/* One of them may be there before the other. */
		AtomicInteger next = new AtomicInteger(MESSAGES / 2);
		Check.until("any message at each member", () -> {
			for (AtomicInteger member : members)
				if (member.get() == 0) {
					Send.sync(producer, ledger, next.get(), next.incrementAndGet());
					return false;
				}
			return true;
		});
		int half = next.get();
		Interop.ask("kill " + VICTIM);
		Interop.ask("start " + VICTIM);
		int all = half + MESSAGES / 2;
		Check.until("stored again: message " + half, () -> {
			for (int i = half; i < all; i++)
				try {
					Mq.stored(producer.send(ledger.message(i)));
				} catch (Exception e) {
					return false;
				}
			return true;
		});
		ledger.complete(all);
		for (DefaultMQPushConsumer consumer : consumers)
			consumer.shutdown();
		return all + " messages, those of a killed member after " + back + " ms, " + failed.get()
		    + " failed once";
	}

	static void mode(DefaultMQProducer producer, String topic, String group) throws Exception {
		MQClientAPIImpl api = producer.getDefaultMQProducerImpl().getMqClientFactory().getMQClientAPIImpl();
		for (BrokerData broker : api.getTopicRouteInfoFromNameServer(topic, 5000).getBrokerDatas())
			api.setMessageRequestMode(broker.selectBrokerAddr(), topic, group, MessageRequestMode.POP, 0, 5000);
	}

	static DefaultMQPushConsumer consumer(String topic, MessageListenerConcurrently listener) throws Exception {
		DefaultMQPushConsumer consumer =
		    Mq.push("pop", ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, message -> {
		    });
		consumer.registerMessageListener(listener);
		consumer.setClientRebalance(false);
		consumer.setPopInvisibleTime(INVISIBLE_MS);
		consumer.subscribe(topic, "*");
		consumer.start();
		return consumer;
	}

	private DefaultMQPushConsumer member(int number) throws Exception {
		return consumer(topic, (messages, context) -> {
			for (MessageExt message : messages) {
				if (message.getKeys().equals("k150") && message.getReconsumeTimes() == 0
				    && failed.incrementAndGet() == 1)
					return ConsumeConcurrentlyStatus.RECONSUME_LATER;
				members[number].incrementAndGet();
				ledger.receive(message);
			}
			return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
		});
	}
}
