import java.util.EnumSet;

import org.apache.rocketmq.common.message.MessageQueue;

/*
 * Every way that a transaction can go, through both masters (TX1-TX5, TX7,
 * TX9, TX10): a consumer that runs all the time gets what was committed once,
 * as it was sent, and nothing else.
 */
final class Transactions implements Scenario {
	private static final int QUEUES = 2;
	private static final int QUIET_MS = 3000; /* longer than two checks are apart */

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("tx", QUEUES);
		Transfers transfers = new Transfers(topic);
		transfers.consume("tx");
		Transactor transactor = Mq.transactor("tx", transfers);
		EnumSet<Plan> plans = EnumSet.complementOf(EnumSet.of(Plan.IGNORANT, Plan.LATE_COMMIT_WINS));
		/* One for each queue of each master, whose turns the client takes itself. */
		for (Plan plan : plans)
			for (MessageQueue queue : transactor.producer().fetchPublishMessageQueues(topic))
				transfers.send(transactor, plan);
		transfers.check(QUIET_MS);
		long contradict = 2 * QUEUES * plans.stream().filter(Plan::contradicts).count();
		Interop.ask("contradictions " + Mq.name("tx") + " " + contradict);
		return transfers.size() + " transactions of " + plans.size() + " kinds, " + contradict
		    + " contradictions are listed";
	}
}
