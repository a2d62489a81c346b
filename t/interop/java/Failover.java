import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;

/*
 * One master dies under traffic and comes back. Sends go on through the other
 * master; what the dead one held comes back with it.
 */
final class Failover implements Scenario {
	private static final String VICTIM = "broker-a";

	private final Ledger ledger = new Ledger(Mq.name("failover"), 12, 1000);
	private final AtomicInteger sent = new AtomicInteger();
	private final AtomicInteger atVictim = new AtomicInteger();
	private final AtomicInteger atOther = new AtomicInteger();
	private final AtomicLong slowest = new AtomicLong();
	private volatile boolean stop;
	private volatile boolean killing;
	private volatile boolean lostOne;
	private volatile Throwable failure;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("failover", 4);
		/* A first consumer makes offsets; what it leaves is for the second. */
		Thread traffic = new Thread(this::traffic);
		traffic.start();
		Mq.push("failover", topic, "*", ledger::receive);
		more(atVictim, 300, "messages at " + VICTIM);
		slowest.set(0);
		killing = true;
		Interop.ask("kill " + VICTIM);
		long pause;
		try {
			more(atOther, 500, "messages at the other master after the kill");
			pause = slowest.get();
		} finally {
			Interop.ask("start " + VICTIM);
		}
		more(atVictim, 100, "messages at " + VICTIM + " again");
		stop = true;
		traffic.join();
		alive();
		ledger.complete(sent.get());
		return sent.get() + " messages, slowest send after the kill " + pause + " ms, "
		    + ledger.duplicates() + " duplicates";
	}

	private void traffic() {
		try {
			DefaultMQProducer producer = Mq.producer("failover");
			/* 3.x waits so long for an answer that the dead owed it. */
			producer.setSendMsgTimeout(5000);
			while (!stop) {
				long start = System.nanoTime();
				SendResult result = send(producer);
				if (result == null)
					continue;
				sent.incrementAndGet();
				slowest.accumulateAndGet((System.nanoTime() - start) / 1_000_000, Math::max);
				(result.getMessageQueue().getBrokerName().equals(VICTIM) ? atVictim : atOther)
				    .incrementAndGet();
				Thread.sleep(1);
			}
		} catch (Throwable e) {
			failure = e;
		}
	}

	/*
	 * The client of 4.9 does not give up a request whose connection closed before its time is over, and then
	 * has none left to try elsewhere. So the one send that is on its way when the master dies may fail, and is
	 * sent again; every other one has to succeed.
	 */
	private SendResult send(DefaultMQProducer producer) throws Exception {
		try {
			return Mq.stored(producer.send(ledger.message(sent.get())));
		} catch (Exception e) {
			if (!killing || lostOne)
				throw e;
			lostOne = true;
			return null;
		}
	}

	private void alive() {
		if (failure != null)
			throw new AssertionError("send " + sent.get() + " failed: " + failure, failure);
	}

	private void more(AtomicInteger counter, int n, String what) throws Exception {
		int wanted = counter.get() + n;
		Check.until(n + " " + what, () -> {
			alive();
			return counter.get() >= wanted;
		});
	}
}
