import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.producer.DefaultMQProducer;

/* Every way of sending into one topic, read to the end by two groups of push consumers. */
final class Kinds implements Scenario {
	@Override
	public String run() throws Exception {
		String topic = Mq.topic("kinds", 4);
		DefaultMQProducer producer = Mq.producer("kinds");
		List<Ledger> groups = new ArrayList<>();
		for (String group : new String[] { "kinds_one", "kinds_two" }) {
			Ledger ledger = new Ledger(topic, 12, 6000);
			Mq.push(group, topic, "*", ledger::receive);
			groups.add(ledger);
		}
		Ledger all = groups.get(0);
		Send.sync(producer, all, 0, 500);
		Send.async(producer, all, 500, 3500, 64);
		Send.oneway(producer, all, 3500, 4000);
		for (Ledger ledger : groups)
			ledger.completeOnce(4000);
		return "500 sync, 3000 async and 500 oneway, complete in two groups";
	}
}
