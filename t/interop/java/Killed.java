import java.util.concurrent.atomic.AtomicInteger;

/* A producer is killed between its local transactions and the broker's hearing of them; another of its group decides. */
final class Killed implements Scenario {
	private static final int TRANSFERS = 12;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("killed", 2);
		Transfers transfers = new Transfers(topic);
		transfers.consume("killed");
		Transactor twin = Mq.transactor("killed", transfers);
		/* Its own transactions acquaint it with both masters. */
		for (int i = 0; i < 4; i++)
			transfers.send(twin, Plan.COMMITTED);
		/* As long as the sender lives it may be asked, and knows nothing. */
		Plan[] plans = { Plan.ASKED_COMMITS, Plan.ASKED_ROLLS_BACK, Plan.ASKED_TWICE };
		String[] words = new String[2 + TRANSFERS];
		words[0] = "killed";
		words[1] = topic;
		for (int i = 0; i < TRANSFERS; i++)
			words[2 + i] = transfers.add(plans[i % plans.length]).sentElsewhere();
		AtomicInteger done = new AtomicInteger();
		Jvm teller = new Jvm(line -> done.addAndGet(line.startsWith("done ") ? 1 : 0), "Teller", words);
		Check.until("carried out by the one to be killed", () -> done.get() == TRANSFERS);
		teller.kill();
		transfers.check(6000);
		return TRANSFERS + " transfers whose sender was killed, decided by its twin";
	}
}
