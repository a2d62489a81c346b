import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;

import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/* SQL92 expressions of a pull consumer and of a lite pull consumer. Since 4.6. */
final class SqlPull implements Scenario {
	@Override
	public String run() throws Exception {
		String topic = Mq.topic("sqlpull", 2);
		Sql.send(topic);
		DefaultMQPullConsumer consumer = Mq.pull("sqlpull");
		/* It asks for SQL once it knows from a heartbeat that the broker is new enough. */
		Check.until("acquainted with both masters", () -> {
			try {
				drain(consumer, topic, "a = 1");
				return true;
			} catch (MQClientException e) {
				return false;
			}
		});
		for (Map.Entry<String, IntPredicate> one : Sql.expressions().entrySet())
			Check.same(drain(consumer, topic, one.getKey()), Sql.wanted(one.getValue()),
			    "messages for " + one.getKey());
		/* Apache's broker sends everything instead. */
		if (System.getenv("MQ_CONTROL") == null)
			refused(consumer, topic);
		lite(topic);
		return Sql.expressions().size() + " expressions, a bad one refused, and by lite pull";
	}

	private static Set<String> drain(DefaultMQPullConsumer consumer, String topic, String expression)
	    throws Exception {
		Set<String> bodies = new TreeSet<>();
		for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic))
			for (long offset = 0, end = consumer.maxOffset(queue); offset < end;) {
				PullResult result = consumer.pull(queue, MessageSelector.bySql(expression), offset, 32);
				Check.that(result.getNextBeginOffset() > offset, "no progress at " + offset + ": " + result);
				offset = result.getNextBeginOffset();
				if (result.getMsgFoundList() != null)
					for (MessageExt message : result.getMsgFoundList())
						bodies.add(Mq.text(message));
			}
		return bodies;
	}

	private static void refused(DefaultMQPullConsumer consumer, String topic) throws Exception {
		MessageQueue queue = consumer.fetchSubscribeMessageQueues(topic).iterator().next();
		try {
			consumer.pull(queue, MessageSelector.bySql("a > AND"), 0, 32);
		} catch (MQBrokerException e) {
			Check.same(e.getResponseCode(), 23, "code for a bad expression");
			return;
		}
		throw new AssertionError("a bad expression is not refused");
	}

	private static void lite(String topic) throws Exception {
		DefaultLitePullConsumer consumer = Mq.configure(new DefaultLitePullConsumer(Mq.name("sqllite")));
		consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
		Mq.onClose(consumer::shutdown);
		consumer.subscribe(topic, MessageSelector.bySql("price >= 100.5"));
		consumer.start();
		Set<String> wanted = Sql.wanted(i -> i >= 100);
		Set<String> bodies = new TreeSet<>();
		Check.until("all by lite pull", () -> {
			for (MessageExt message : consumer.poll(200))
				bodies.add(Mq.text(message));
			return bodies.size() >= wanted.size();
		});
		Check.same(bodies, wanted, "messages by lite pull");
	}
}
