import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * The article's program (TX13): what it committed arrives, what it rolled back
 * does not, and what it left open waits until a twin of it is there to be asked.
 */
final class Article implements Scenario {
	private static final int NOBODY_MS = 4000; /* two checks pass without anybody to ask */

	/* By key: how often it has to come at once, after the twin was asked, and did come. */
	private final Map<String, Integer> atOnce = new TreeMap<>();
	private final Map<String, Integer> inTheEnd = new TreeMap<>();
	private final Map<String, Integer> received = new TreeMap<>();
	private final AtomicInteger left = new AtomicInteger();
	private final AtomicInteger asked = new AtomicInteger();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("article", 2);
		Mq.push("article", topic, "*", message -> count(received, message.getKeys()));
		Jvm[] programs = { new Jvm(this::said, "ArticleProgram", topic, "rollback"),
			new Jvm(this::said, "ArticleProgram", topic, "throw") };
		for (Jvm program : programs)
			Check.same(program.end(), 0, "exit status of the article's program");
		await(atOnce, "before anybody is asked");
		Thread.sleep(NOBODY_MS);
		compare(atOnce, "before anybody is asked");
		Mq.transactor("article", new Twin());
		Check.until("asked", () -> asked.get() >= left.get());
		await(inTheEnd, "after the twin was asked");
		Thread.sleep(3000);
		compare(inTheEnd, "after the twin was asked");
		return inTheEnd + ", of which " + left + " by the twin";
	}

	private static void count(Map<String, Integer> table, String key) {
		synchronized (table) {
			table.merge(key, 1, Integer::sum);
		}
	}

	private void said(String line) {
		String key = line.substring(line.indexOf(' ') + 1);
		if (line.startsWith("COMMIT "))
			count(atOnce, key);
		if (line.startsWith("throw "))
			left.incrementAndGet();
		if (line.startsWith("COMMIT ") || line.startsWith("throw "))
			count(inTheEnd, key);
	}

	/* Until as many came as are wanted. */
	private void await(Map<String, Integer> wanted, String when) throws Exception {
		Check.until(wanted + " came " + when, () -> {
			synchronized (received) {
				return sum(received) >= sum(wanted);
			}
		});
	}

	private static int sum(Map<String, Integer> table) {
		return table.values().stream().mapToInt(Integer::intValue).sum();
	}

	private void compare(Map<String, Integer> wanted, String when) {
		synchronized (received) {
			Check.that(!wanted.isEmpty(), "the program said nothing");
			Check.same(received.toString(), wanted.toString(), "times that messages came " + when);
		}
	}

	private final class Twin implements Bank {
		@Override
		public LocalTransactionState carryOut(Message message) {
			throw new IllegalStateException("the twin sends nothing");
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			asked.incrementAndGet();
			return LocalTransactionState.COMMIT_MESSAGE;
		}
	}
}
