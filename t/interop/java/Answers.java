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
			Message reply = producer.request(Mq.message(there, "q" + i), 30000);
			Check.same(new String(reply.getBody(), "UTF-8"), "re: q" + i, "reply");
		}
		Check.that(answered.await(60, TimeUnit.SECONDS), "the requests of the other side do not come");
		return REQUESTS + " requests in either direction";
	}

	/* The broker may not know a requester of Go yet: its heartbeat comes after its first request. */
	private static void answer(DefaultMQProducer producer, MessageExt message) {
		try {
			Message reply = MessageUtil.createReplyMessage(message, ("re: " + Mq.text(message)).getBytes("UTF-8"));
			Check.until(9, "a reply stored", () -> {
				try {
					Mq.stored(producer.send(reply));
					return true;
				} catch (Exception e) {
					e.printStackTrace();
					Thread.sleep(200);
					return false;
				}
			});
		} catch (Exception e) {
			e.printStackTrace();
		}
	}
}
