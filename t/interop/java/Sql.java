import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntPredicate;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/* SQL92 expressions get exactly what they say, and one that is none is refused at the start (BK9). */
final class Sql implements Scenario {
	private static final int MESSAGES = 120;

	/* Number i has a = i, b = one of x, y, z, price = i and a half, c = "yes" for every fifth. */
	private static final Map<String, IntPredicate> EXPRESSIONS = new TreeMap<>();
	static {
		EXPRESSIONS.put("a BETWEEN 10 AND 19", i -> i >= 10 && i <= 19);
		EXPRESSIONS.put("a > 60 AND b IN ('x', 'y')", i -> i > 60 && i % 3 < 2);
		EXPRESSIONS.put("c IS NULL", i -> i % 5 != 0);
		EXPRESSIONS.put("c IS NOT NULL AND NOT (b = 'x') OR a = 1", i -> i % 5 == 0 && i % 3 != 0 || i == 1);
		EXPRESSIONS.put("price >= 100.5", i -> i >= 100);
		EXPRESSIONS.put("(TAGS IS NOT NULL AND TAGS = 'TagB') AND a <> 4", i -> i % 2 == 1);
		EXPRESSIONS.put("b NOT IN ('x') AND a <= 50", i -> i % 3 != 0 && i <= 50);
	}

	static String property(int number, String name) {
		switch (name) {
		case "a":
			return String.valueOf(number);
		case "b":
			return new String[] { "x", "y", "z" }[number % 3];
		case "price":
			return number + ".5";
		default:
			return number % 5 == 0 ? "yes" : null;
		}
	}

	static Set<String> wanted(IntPredicate predicate) {
		Set<String> wanted = new TreeSet<>();
		for (int i = 0; i < MESSAGES; i++)
			if (predicate.test(i))
				wanted.add("sql" + i);
		return wanted;
	}

	static Map<String, IntPredicate> expressions() {
		return EXPRESSIONS;
	}

	static void send(String topic) throws Exception {
		DefaultMQProducer producer = Mq.producer("sql_send_" + topic.hashCode());
		for (int i = 0; i < MESSAGES; i++) {
			String text = "sql" + i;
			Message message = new Message(topic, i % 2 == 0 ? "TagA" : "TagB", text, text.getBytes("UTF-8"));
			for (String name : new String[] { "a", "b", "c", "price" })
				if (property(i, name) != null)
					message.putUserProperty(name, property(i, name));
			Mq.stored(producer.send(message));
		}
	}

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("sql", 2);
		Map<String, Set<String>> got = new TreeMap<>();
		for (String expression : EXPRESSIONS.keySet())
			got.put(expression, subscribe(topic, expression, got.size()));
		send(topic);
		for (Map.Entry<String, IntPredicate> one : EXPRESSIONS.entrySet())
			check(one.getKey(), got.get(one.getKey()), wanted(one.getValue()));
		/* Once more for groups that come when all is there: from the disk side of the broker. */
		Set<String> late = subscribe(topic, "a BETWEEN 10 AND 19", got.size());
		check("what was there before", late, wanted(EXPRESSIONS.get("a BETWEEN 10 AND 19")));
		for (String bad : new String[] { "a >", "a BETWEEN 1", "b IN (1", "a = 'x" })
			refused(topic, bad);
		return EXPRESSIONS.size() + " expressions, four bad ones refused";
	}

	private static Set<String> subscribe(String topic, String expression, int number) throws Exception {
		Set<String> bodies = new TreeSet<>();
		DefaultMQPushConsumer consumer =
		    Mq.push("sql" + number, ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, message -> {
			    synchronized (bodies) {
				    bodies.add(Mq.text(message));
			    }
		    });
		consumer.subscribe(topic, MessageSelector.bySql(expression));
		consumer.start();
		return bodies;
	}

	private static void check(String expression, Set<String> bodies, Set<String> wanted) throws Exception {
		Check.until("all that " + expression + " says", () -> {
			synchronized (bodies) {
				return bodies.size() >= wanted.size();
			}
		});
		synchronized (bodies) {
			Check.same(bodies, wanted, "messages for " + expression);
		}
	}

	private static void refused(String topic, String bad) throws Exception {
		DefaultMQPushConsumer consumer =
		    Mq.push("sql_bad", ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, message -> {
		    });
		try {
			consumer.subscribe(topic, MessageSelector.bySql(bad));
			consumer.start();
		} catch (org.apache.rocketmq.client.exception.MQClientException e) {
			/* The reason is the broker's. */
			Check.that(String.valueOf(e).contains("CODE: 23"), bad + " is refused with " + e);
			return;
		}
		throw new AssertionError(bad + " is not refused");
	}
}
