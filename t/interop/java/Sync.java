import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/* Synchronous sends of odd messages, each read back from the place that its answer names. */
final class Sync implements Scenario {
	private static final String TEXT = "\u8f6c\u8d26\u7ed9\u94f6\u884cB, \u00fcber \ud83d\ude80";

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("sync", 4);
		DefaultMQProducer producer = Mq.producer("sync");
		DefaultMQPullConsumer consumer = Mq.pull("sync_read");
		List<Message> messages = messages(topic);
		for (Message sent : messages) {
			byte[] body = sent.getBody().clone();
			SendResult result = Mq.stored(producer.send(sent));
			compare(sent, body, result, read(consumer, result));
		}
		return messages.size() + " messages read back where their answers say";
	}

	private static List<Message> messages(String topic) {
		List<Message> messages = new ArrayList<>();
		messages.add(new Message(topic, new byte[] { 0 }));
		messages.add(new Message(topic, TEXT.getBytes(StandardCharsets.UTF_8)));
		for (int size : new int[] { 1, 255, 4095, 4096, 4097, 65535, 65536, 300000 }) {
			messages.add(full(topic, random(size)));
			messages.add(full(topic, text(size)));
		}
		messages.add(full(topic, random(3_900_000)));
		return messages;
	}

	private static Message full(String topic, byte[] body) {
		Message message = new Message(topic, "\u6807\u7b7e", "key1 \u952e2 key3", body);
		message.putUserProperty("a", "1");
		message.putUserProperty("\u540d\u5b57", TEXT);
		message.putUserProperty("long", new String(new char[2000]).replace('\0', 'x'));
		message.setFlag(body.length);
		return message;
	}

	private static byte[] random(int size) {
		byte[] body = new byte[size];
		new Random(size).nextBytes(body);
		return body;
	}

	private static byte[] text(int size) {
		byte[] body = new byte[size];
		Arrays.fill(body, (byte) 'x');
		return body;
	}

	private static MessageExt read(DefaultMQPullConsumer consumer, SendResult result) throws Exception {
		/* A pull that may wait: Apache's broker answers a send before its queue shows the message. */
		PullResult pulled =
		    consumer.pullBlockIfNotFound(result.getMessageQueue(), "*", result.getQueueOffset(), 1);
		Check.same(pulled.getPullStatus(), PullStatus.FOUND, "pull of what was just stored");
		Check.same(pulled.getMsgFoundList().size(), 1, "messages in a pull of one");
		Check.same(pulled.getNextBeginOffset(), result.getQueueOffset() + 1, "next offset");
		return pulled.getMsgFoundList().get(0);
	}

	private static void compare(Message sent, byte[] body, SendResult result, MessageExt got) {
		Check.same(got.getBody(), body, "body");
		Check.same(got.getTopic(), sent.getTopic(), "topic");
		Check.same(got.getTags(), sent.getTags(), "tags");
		Check.same(got.getKeys(), sent.getKeys(), "keys");
		Check.same(got.getFlag(), sent.getFlag(), "flag");
		for (String name : new String[] { "a", "\u540d\u5b57", "long" })
			Check.same(got.getProperty(name), sent.getProperty(name), "property " + name);
		Check.same(got.getQueueId(), result.getMessageQueue().getQueueId(), "queue");
		Check.same(got.getQueueOffset(), result.getQueueOffset(), "offset");
		Check.same(got.getMsgId(), result.getMsgId(), "message id");
		Check.that(got.getStoreTimestamp() >= got.getBornTimestamp() - 1000, "stored before it was born");
		Check.same(got.getReconsumeTimes(), 0, "times of reconsumption");
	}
}
