import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/* Requests between this client and that of Go: answers request.go's, and asks it. Its topics are made here. */
final class Answers implements Scenario {
	private static final int REQUESTS = 20;

	@Override
	public String run() throws Exception {
		String here = Mq.topic("to_java", 2);
		String there = Mq.topic("to_go", 2);
		DefaultMQProducer producer = Mq.producer("answers");
		CountDownLatch answered = new CountDownLatch(REQUESTS);
		Mq.push("answers", here, "*", message -> {
			answer(producer, message);
			answered.countDown();
		});
		/* The other side subscribes once its topic is there. */
		for (int i = 0; i < REQUESTS; i++) {
			Message reply = producer.request(Mq.message(there, "q" + i), 90000);
			Check.same(new String(reply.getBody(), "UTF-8"), "re: q" + i, "reply");
		}
		Check.that(answered.await(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "the requests of the other side do not come");
		return REQUESTS + " requests in either direction";
	}

	/*
	 * Again and again: the broker may not know a requester of Go yet, whose heartbeat comes after its first
	 * request, and a busy requester may not take the reply in the time that the broker gives it. But not for
	 * long: a requester may end with its last reply before it tells the broker. It judges whether all came.
	 */
	static void answer(DefaultMQProducer producer, MessageExt message) {
		long end = System.nanoTime() + 20_000_000_000L;
		do {
			try {
				Mq.stored(producer.send(
				    MessageUtil.createReplyMessage(message, ("re: " + Mq.text(message)).getBytes("UTF-8"))));
				return;
			} catch (Exception e) {
				System.err.println("a reply is not taken: " + e);
			}
			try {
				Thread.sleep(200);
			} catch (InterruptedException e) {
				return;
			}
		} while (System.nanoTime() < end);
	}
}
