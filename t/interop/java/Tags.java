import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/* Tag expressions get exactly what they name, also where two tags have one hash. */
final class Tags implements Scenario {
	/* "AaAa", "BBBB" and "AaBB" have the same Java hash. */
	private static final String[] TAGS = { "TagA", "TagB", "TagC", "AaAa", "BBBB", "AaBB", "\u6807\u7b7e", null };
	private static final int EACH = 40;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("tags", 2);
		Map<String, Set<String>> got = new TreeMap<>();
		for (String expression : new String[] { "TagA || TagB", "AaAa", "\u6807\u7b7e||TagC", "none", "*" })
			subscribe(topic, expression, got);
		DefaultMQProducer producer = Mq.producer("tags");
		for (int i = 0; i < EACH; i++)
			for (String tag : TAGS)
				Mq.stored(producer.send(new Message(topic, tag, "k", (tag + i).getBytes("UTF-8"))));
		check(got, "TagA || TagB", "TagA", "TagB");
		check(got, "AaAa", "AaAa");
		check(got, "\u6807\u7b7e||TagC", "\u6807\u7b7e", "TagC");
		check(got, "*", TAGS);
		check(got, "none");
		return got.size() + " expressions";
	}

	private static void subscribe(String topic, String expression, Map<String, Set<String>> got)
	    throws Exception {
		Set<String> bodies = new TreeSet<>();
		got.put(expression, bodies);
		Mq.push("tags" + got.size(), topic, expression, message -> {
			synchronized (bodies) {
				bodies.add(new String(message.getBody(), java.nio.charset.StandardCharsets.UTF_8));
			}
		});
	}

	private static void check(Map<String, Set<String>> got, String expression, String... tags)
	    throws Exception {
		Set<String> wanted = new TreeSet<>();
		for (String tag : tags)
			for (int i = 0; i < EACH; i++)
				wanted.add(tag + i);
		Set<String> bodies = got.get(expression);
		Check.until("all that " + expression + " names", () -> {
			synchronized (bodies) {
				return bodies.size() >= wanted.size();
			}
		});
		synchronized (bodies) {
			Check.same(bodies, wanted, "messages for " + expression);
		}
	}
}
