import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/* A bank with many transfers, and a consumer that sees which of them come. */
final class Transfers implements Bank {
	private final String topic;
	private final Map<String, Transfer> transfers = new ConcurrentHashMap<>();
	private final List<Thread> late = new ArrayList<>();
	private final AtomicReference<Throwable> failure = new AtomicReference<>();

	Transfers(String topic) {
		this.topic = topic;
	}

	void consume(String group) throws Exception {
		Mq.push(group, topic, "*", message -> {
			Transfer transfer = transfers.get(message.getKeys());
			if (transfer == null)
				failure.set(new AssertionError("an unknown message came: " + message));
			else
				transfer.receive(message);
		});
	}

	Transfer add(Plan plan) {
		Transfer transfer = new Transfer(topic, plan + "-" + transfers.size());
		transfers.put(transfer.key, transfer);
		return transfer;
	}

	/* A late bank keeps its sender waiting: it gets a thread of its own. */
	void send(Transactor transactor, Plan plan) throws Exception {
		Transfer transfer = add(plan);
		if (!plan.late) {
			transfer.sendBy(transactor);
			return;
		}
		Thread thread = new Thread(() -> {
			try {
				transfer.sendBy(transactor);
			} catch (Throwable e) {
				failure.set(e);
			}
		});
		late.add(thread);
		thread.start();
	}

	@Override
	public LocalTransactionState carryOut(Message message) {
		return transfers.get(message.getKeys()).carriedOut().say();
	}

	@Override
	public LocalTransactionState asked(MessageExt message) {
		return transfers.get(message.getKeys()).asked(message).say();
	}

	/* How often the broker has asked about all of them. */
	private int asks() {
		int asks = 0;
		for (Transfer transfer : transfers.values())
			asks += transfer.asks();
		return asks;
	}

	/* All came to what was planned, the broker stops asking, and nothing more comes of it in the time given. */
	void check(int quietMillis) throws Exception {
		for (Transfer transfer : transfers.values())
			Check.until("decided: " + transfer.key, () -> failure.get() != null || transfer.settled());
		for (Thread thread : late)
			thread.join();
		Check.until("an end of the questions", () -> {
			int before = asks();
			Thread.sleep(quietMillis);
			return failure.get() != null || asks() == before;
		});
		if (failure.get() != null)
			throw new AssertionError(failure.get().getMessage(), failure.get());
		StringBuilder wrong = new StringBuilder();
		for (Transfer transfer : transfers.values())
			try {
				transfer.check();
			} catch (AssertionError e) {
				wrong.append(wrong.length() > 0 ? "; " : "").append(e.getMessage());
			}
		Check.that(wrong.length() == 0, wrong.toString());
	}

	int size() {
		return transfers.size();
	}
}
