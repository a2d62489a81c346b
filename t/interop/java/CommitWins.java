/*
 * A group for which the commit of the sender counts also after a check said
 * rollback, once (TX9): the local transaction took longer than the broker's patience.
 */
final class CommitWins implements Scenario {
	private static final int TRANSFERS = 4;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("wins", 2);
		Interop.ask("policy " + Mq.name("wins") + " commit-wins-once");
		Transfers transfers = new Transfers(topic);
		transfers.consume("wins");
		Transactor transactor = Mq.transactor("wins", transfers);
		for (int i = 0; i < TRANSFERS; i++) {
			transfers.send(transactor, Plan.LATE_COMMIT_WINS);
			transfers.send(transactor, Plan.LATE_ROLLS_BACK_COMMITTED);
			transfers.send(transactor, Plan.ASKED_ROLLS_BACK);
		}
		transfers.check(3000);
		Interop.ask("contradictions " + Mq.name("wins") + " " + TRANSFERS);
		return transfers.size() + " transactions, " + TRANSFERS + " of them committed after a rollback by check";
	}
}
