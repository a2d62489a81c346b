import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/* The same starts where the beginning of the queues is not at hand any more, so that none is young. */
final class FromOld extends From {
	private static final int MEGABYTES = 3;

	FromOld() {
		super("from_old");
	}

	/* More than two segments of 8 MB on each master, so that what came before is in a closed one. */
	@Override
	void cover(DefaultMQProducer producer) throws Exception {
		String topic = Mq.topic("from_cover", 1);
		for (MessageQueue queue : producer.fetchPublishMessageQueues(topic))
			for (int i = 0; i < 8; i++) {
				byte[] body = new byte[MEGABYTES << 20];
				new java.util.Random(i).nextBytes(body);
				Mq.stored(producer.send(new Message(topic, body), queue));
			}
	}

	/* Asked again and again: a segment that is just being closed is not removed yet. */
	@Override
	void age(String topic) throws Exception {
		Check.until("without young queues: " + topic, () -> {
			Interop.ask("age");
			Thread.sleep(200);
			return youngQueues(topic) == 0;
		});
	}
}
