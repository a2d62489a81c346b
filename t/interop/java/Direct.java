import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.SendResult;

/*
 * What operators ask running consumers for, by RocketMQ's mqadmin of both generations: to consume a message now,
 * and how they are (309, 307).
 */
final class Direct implements Scenario {
	@Override
	public String run() throws Exception {
		String topic = Mq.topic("direct", 2);
		String group = Mq.name("direct");
		AtomicInteger came = new AtomicInteger();
		DefaultMQPushConsumer consumer = Mq.push("direct", topic, "*", message -> came.incrementAndGet());
		SendResult result = Mq.stored(Mq.producer("direct_send").send(Mq.message(topic, "directly")));
		Check.until("consumed", () -> came.get() == 1);
		String client = consumer.buildMQClientId();
		String push = "queryMsgById -i " + Mq.offsetId(result) + " -g " + group + " -d " + client;
		Interop.ask("tool 4.9.7 CR_SUCCESS " + push);
		Check.same(came.get(), 2, "times that it was consumed");
		Interop.ask("tool 5.3.3 CR_SUCCESS " + push + " -t " + topic);
		Check.same(came.get(), 3, "times that it was consumed");
		for (String tools : new String[] { "4.9.7", "5.3.3" }) {
			Check.until("told as OK", () -> Interop.succeeds("tool " + tools + " Rebalance.OK consumerStatus -g " + group));
			Interop.ask("tool " + tools + " #Consumer.MQ.Detail consumerStatus -g " + group + " -i " + client);
			Interop.ask("tool " + tools + " " + topic + " consumerStatus -g " + group + " -i " + client);
		}
		return "a message consumed directly twice, running info shown four times";
	}
}
