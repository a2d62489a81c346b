import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.MQVersion;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Requests over one topic and back over another, at the same time; one that nobody answers, and one whose
 * requester is killed before the answer. Since 4.6.
 */
final class RequestReply implements Scenario {
	private static final int REQUESTS = 40;
	private static final int ANSWER_MS = 60000; /* on a busy machine */

	private final BlockingQueue<MessageExt> held = new ArrayBlockingQueue<>(10);

	@Override
	public String run() throws Exception {
		String there = Mq.topic("there", 2);
		String back = Mq.topic("back", 2);
		String silent = Mq.topic("silence", 2);
		DefaultMQProducer one = Mq.producer("requester_one");
		DefaultMQProducer other = Mq.producer("requester_other");
		replier("there", there, other);
		replier("back", back, one);
		Thread opposite = new Thread(() -> synchronous(other, back));
		opposite.start();
		synchronous(one, there);
		opposite.join();
		Check.same(answered.get(), 2 * REQUESTS, "requests that were answered");
		asynchronous(one, there);
		timesOut(one, silent);
		gone(there, other);
		/* All is well afterwards. */
		synchronous(one, there);
		return 2 * REQUESTS + " requests in two directions, " + REQUESTS
		    + " asynchronous ones, one timed out, one requester gone";
	}

	private final AtomicInteger answered = new AtomicInteger();

	/* Answers all requests, but for those that say "hold". */
	private void replier(String group, String topic, DefaultMQProducer producer) throws Exception {
		Mq.push("replier_" + group, topic, "*", message -> {
			try {
				if (Mq.text(message).equals("hold"))
					held.add(message);
				else
					Answers.answer(producer, message);
			} catch (Throwable e) {
				e.printStackTrace();
			}
		});
	}

	private static Message answer(MessageExt message) throws Exception {
		return MessageUtil.createReplyMessage(message, ("re: " + Mq.text(message)).getBytes("UTF-8"));
	}

	/*
	 * The client of 5.3.1 to 5.3.3 has a fault (apache/rocketmq 9608): once the request is sent, its request()
	 * gives up, and the callback is called without a reply, and with it when it comes. That one is waited for.
	 */
	private static Message request(DefaultMQProducer producer, Message message, long timeout) throws Exception {
		if (MQVersion.CURRENT_VERSION < MQVersion.Version.V5_0_0.ordinal())
			return producer.request(message, timeout);
		return later(producer, message, timeout).get(2 * ANSWER_MS, TimeUnit.MILLISECONDS);
	}

	private static CompletableFuture<Message> later(DefaultMQProducer producer, Message message, long timeout)
	    throws Exception {
		CompletableFuture<Message> future = new CompletableFuture<>();
		producer.request(message, new RequestCallback() {
			@Override
			public void onSuccess(Message reply) {
				if (reply != null)
					future.complete(reply);
			}

			@Override
			public void onException(Throwable e) {
				future.completeExceptionally(e);
			}
		}, timeout);
		return future;
	}

	private void synchronous(DefaultMQProducer producer, String topic) {
		try {
			for (int i = 0; i < REQUESTS; i++) {
				Message reply = request(producer, Mq.message(topic, "q" + i), ANSWER_MS);
				Check.same(new String(reply.getBody(), "UTF-8"), "re: q" + i, "reply");
				answered.incrementAndGet();
			}
		} catch (Exception e) {
			throw new AssertionError("a request failed: " + e, e);
		}
	}

	private static void asynchronous(DefaultMQProducer producer, String topic) throws Exception {
		List<CompletableFuture<Message>> replies = new ArrayList<>();
		for (int i = 0; i < REQUESTS; i++)
			replies.add(later(producer, Mq.message(topic, "a" + i), ANSWER_MS));
		for (int i = 0; i < REQUESTS; i++)
			Check.same(new String(replies.get(i).get(2 * ANSWER_MS, TimeUnit.MILLISECONDS).getBody(), "UTF-8"), "re: a" + i,
			    "reply");
	}

	private static void timesOut(DefaultMQProducer producer, String silent) throws Exception {
		long start = System.nanoTime();
		try {
			request(producer, Mq.message(silent, "anybody?"), 1500);
		} catch (RequestTimeoutException | ExecutionException e) {
			Check.that(String.valueOf(e).contains("RequestTimeoutException"), "no time-out but " + e);
			long took = (System.nanoTime() - start) / 1_000_000;
			Check.that(took >= 1400, "a request timed out after " + took + " of 1500 ms");
			return;
		}
		throw new AssertionError("a request without an answer succeeds");
	}

	/* The answer comes when the requester is dead: the replier is told something, and goes on. */
	private void gone(String topic, DefaultMQProducer producer) throws Exception {
		Jvm requester = new Jvm(line -> {
		}, "Requester", topic);
		MessageExt request;
		try {
			request = held.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS);
			Check.that(request != null, "the request of the one to be killed does not come");
		} finally {
			requester.kill();
		}
		try {
			producer.send(answer(request));
		} catch (MQClientException e) {
			Check.same(e.getCause() instanceof MQBrokerException, true, "refused by the broker: " + e);
		}
	}
}
