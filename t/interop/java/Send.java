import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;

/* Ways of sending the messages from...to of a ledger. */
final class Send {
	private Send() {
	}

	static void sync(DefaultMQProducer producer, Ledger ledger, int from, int to) throws Exception {
		for (int i = from; i < to; i++)
			Mq.stored(producer.send(ledger.message(i)));
	}

	static void oneway(DefaultMQProducer producer, Ledger ledger, int from, int to) throws Exception {
		for (int i = from; i < to; i++)
			producer.sendOneway(ledger.message(i));
	}

	/* With at most `window` on the way. */
	static void async(DefaultMQProducer producer, Ledger ledger, int from, int to, int window)
	    throws Exception {
		Semaphore free = new Semaphore(window);
		AtomicReference<Throwable> failure = new AtomicReference<>();
		for (int i = from; i < to && failure.get() == null; i++) {
			free.acquire();
			producer.send(ledger.message(i), new SendCallback() {
				@Override
				public void onSuccess(SendResult result) {
					try {
						Mq.stored(result);
					} catch (AssertionError e) {
						failure.set(e);
					}
					free.release();
				}

				@Override
				public void onException(Throwable e) {
					failure.set(e);
					free.release();
				}
			});
		}
		Check.that(free.tryAcquire(window, Check.LIMIT_SECONDS, TimeUnit.SECONDS), "a callback did not come");
		if (failure.get() != null)
			throw new AssertionError("an asynchronous send failed: " + failure.get(), failure.get());
	}
}
