import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageQueue;

/* Three consumers share 8 queues; one is killed: all queues are owned again in time, nothing is lost (CO4). */
final class Crash implements Scenario {
	private static final int QUEUES = 8;
	private static final int MESSAGES = 3000;

	private final String topic = Mq.name("crash");
	private final Ledger ledger = new Ledger(topic, 12, 300);
	private final AtomicInteger atThird = new AtomicInteger();

	@Override
	public String run() throws Exception {
		Mq.topic("crash", QUEUES / 2);
		DefaultMQPushConsumer first = Mq.push("crash", topic, "*", ledger::receive);
		DefaultMQPushConsumer second = Mq.push("crash", topic, "*", ledger::receive);
		/* Settled first, so that what changes afterwards is the third one's coming. */
		Check.until(30, "shared by two",
		    () -> owned(first) == QUEUES / 2 && owned(second) == QUEUES / 2);
		Process third = member();
		long back;
		try {
			new Thread(() -> read(third)).start();
			Check.until(30, "shared by three", () -> owned(first, second) < QUEUES);
			DefaultMQProducer producer = Mq.producer("crash");
			Send.sync(producer, ledger, 0, MESSAGES / 2);
			Check.until(30, "a message at the third", () -> atThird.get() > 10);
			third.destroyForcibly().waitFor();
			long start = System.nanoTime();
			Send.sync(producer, ledger, MESSAGES / 2, MESSAGES);
			Check.until(21, "owners of all queues", () -> owned(first, second) == QUEUES);
			back = (System.nanoTime() - start) / 1_000_000;
		} finally {
			third.destroyForcibly();
		}
		ledger.complete(MESSAGES, 60);
		return MESSAGES + " messages, " + atThird.get() + " at the one that was killed, its queues owned after "
		    + back + " ms, " + ledger.duplicates() + " duplicates";
	}

	private Process member() throws IOException {
		List<String> command = new ArrayList<>();
		command.add(System.getProperty("java.home") + "/bin/java");
		command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
		command.add("-cp");
		command.add(System.getProperty("java.class.path"));
		for (String word : new String[] { "Member", Mq.namesrv, Mq.run, "crash", topic })
			command.add(word);
		return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
	}

	/* What the third has consumed counts, and may come a second time after its death. */
	private void read(Process third) {
		try (BufferedReader lines = new BufferedReader(new InputStreamReader(third.getInputStream()))) {
			for (String line = lines.readLine(); line != null; line = lines.readLine())
				if (line.startsWith("got k")) {
					ledger.mark(Integer.parseInt(line.substring(5)));
					atThird.incrementAndGet();
				}
		} catch (IOException e) {
			/* It is dead. */
		}
	}

	private int owned(DefaultMQPushConsumer... consumers) {
		Set<MessageQueue> queues = new HashSet<>();
		for (DefaultMQPushConsumer consumer : consumers)
			for (MessageQueue queue : consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl()
			    .getProcessQueueTable().keySet())
				if (queue.getTopic().equals(topic))
					queues.add(queue);
		return queues.size();
	}
}
