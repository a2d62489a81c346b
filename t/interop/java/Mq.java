import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * Clients as the scenarios want them: each with an instance of its own, and
 * with short intervals, so that nobody waits for the next half minute. What
 * the generations spell differently is called by name here.
 */
final class Mq {
	/* The client of 3.x refuses bodies above 128 KiB unless told otherwise. */
	static final int MAX_BODY = 4 << 20;

	private static final int SEND_MS = 30000;

	static String namesrv;
	static String run;

	private static final AtomicInteger instances = new AtomicInteger();
	private static final List<Runnable> closers = new ArrayList<>();

	interface Listener {
		void onMessage(MessageExt message);
	}

	private Mq() {
	}

	static String name(String what) {
		return "T" + run + "_" + what;
	}

	static <T extends ClientConfig> T configure(T client) {
		client.setNamesrvAddr(namesrv);
		client.setInstanceName("i" + run + "_" + instances.incrementAndGet());
		client.setHeartbeatBrokerInterval(5000);
		set(client, 1000, "setPollNameServerInterval", "setPollNameServerInteval");
		return client;
	}

	static DefaultMQProducer producer(String group) throws Exception {
		DefaultMQProducer producer = configure(new DefaultMQProducer(name(group)));
		producer.setMaxMessageSize(MAX_BODY);
		/* The machine may be busy with other things; what fails at once still fails at once. */
		producer.setSendMsgTimeout(SEND_MS);
		producer.start();
		onClose(producer::shutdown);
		return producer;
	}

	/* A producer of transactions that is not started yet. */
	static Transactor newTransactor(String group, Bank bank) throws Exception {
		String type = System.getProperty("interop.transactor", "ByListener");
		Transactor transactor = (Transactor) Class.forName(type)
		    .getDeclaredConstructor(String.class, Bank.class).newInstance(name(group), bank);
		configure(transactor.producer()).setSendMsgTimeout(SEND_MS);
		return transactor;
	}

	static Transactor transactor(String group, Bank bank) throws Exception {
		Transactor transactor = newTransactor(group, bank);
		transactor.producer().start();
		onClose(transactor.producer()::shutdown);
		return transactor;
	}

	/* A consumer that is not started yet. */
	static DefaultMQPushConsumer push(String group, ConsumeFromWhere where, Listener listener) {
		DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer(name(group)));
		consumer.setConsumeFromWhere(where);
		consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
			for (MessageExt message : messages)
				listener.onMessage(message);
			return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
		});
		onClose(consumer::shutdown);
		return consumer;
	}

	static DefaultMQPushConsumer push(String group, String topic, String tags, Listener listener)
	    throws Exception {
		DefaultMQPushConsumer consumer =
		    push(group, ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, listener);
		consumer.subscribe(topic, tags);
		consumer.start();
		return consumer;
	}

	/* A consumer that keeps the order of each queue and is not started yet. */
	static DefaultMQPushConsumer orderly(String group, MessageListenerOrderly listener) {
		DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer(name(group)));
		consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
		consumer.registerMessageListener(listener);
		onClose(consumer::shutdown);
		return consumer;
	}

	/* The queues that it consumes at present. */
	static int owned(DefaultMQPushConsumer consumer, String topic) {
		int owned = 0;
		for (MessageQueue queue : consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl()
		    .getProcessQueueTable().keySet())
			owned += queue.getTopic().equals(topic) ? 1 : 0;
		return owned;
	}

	/* Every message of a topic that nobody else consumes, such as dead letters; none if there is no topic. */
	static List<MessageExt> all(DefaultMQPullConsumer consumer, String topic) {
		List<MessageExt> all = new ArrayList<>();
		try {
			for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic))
				for (long offset = 0, end = consumer.maxOffset(queue); offset < end;) {
					PullResult result = consumer.pull(queue, "*", offset, 32);
					if (result.getPullStatus() == PullStatus.FOUND)
						all.addAll(result.getMsgFoundList());
					offset = result.getNextBeginOffset();
				}
		} catch (Exception e) {
			/* It is not there yet, or its master just dies. */
		}
		return all;
	}

	static DefaultMQPullConsumer pull(String group) throws Exception {
		DefaultMQPullConsumer consumer = configure(new DefaultMQPullConsumer(name(group)));
		consumer.start();
		onClose(consumer::shutdown);
		return consumer;
	}

	static void onClose(Runnable closer) {
		synchronized (closers) {
			closers.add(closer);
		}
	}

	static void closeAll() {
		synchronized (closers) {
			for (Runnable closer : closers)
				closer.run();
			closers.clear();
		}
	}

	static SendResult stored(SendResult result) {
		Check.that(result != null, "no answer to a send");
		Check.same(result.getSendStatus(), SendStatus.SEND_OK, "status of a send");
		return result;
	}

	/*
	 * Creates the topic on both masters by the client's own call, and waits for its route, at each name server:
	 * another client asks one of them, any.
	 */
	static String topic(String what, int queues) throws Exception {
		String topic = name(what);
		for (String server : namesrv.split(";")) {
			DefaultMQProducer producer = configure(new DefaultMQProducer(name("create_" + what)));
			producer.setNamesrvAddr(server);
			producer.start();
			Check.until("on both masters, as " + server + " says: " + topic, () -> {
				try {
					createTopic(producer, topic, queues);
					return producer.fetchPublishMessageQueues(topic).size() == 2 * queues;
				} catch (Exception e) {
					/* A master, or the topic, is not registered yet. */
					return false;
				}
			});
			producer.shutdown();
		}
		return topic;
	}

	private static void createTopic(DefaultMQProducer producer, String topic, int queues) throws Exception {
		/* Whose route says where to create one. */
		String key = System.getProperty("interop.topicKey", "TBW102");
		if (has(producer, "createTopic", String.class, String.class, int.class))
			call(producer, "createTopic", key, topic, queues);
		else
			call(producer, "createTopic", key, topic, queues, null);
	}

	/* The id that tells where the message is stored: the only one that 3.x knows. */
	static String offsetId(SendResult result) throws Exception {
		return has(result, "getOffsetMsgId") ? (String) call(result, "getOffsetMsgId") : result.getMsgId();
	}

	static boolean has(Object object, String method, Class<?>... types) {
		try {
			object.getClass().getMethod(method, types);
			return true;
		} catch (NoSuchMethodException e) {
			return false;
		}
	}

	/* Calls the method of that name with that many parameters. */
	static Object call(Object object, String name, Object... args) throws Exception {
		for (Method method : object.getClass().getMethods())
			if (method.getName().equals(name) && fits(method.getParameterTypes(), args))
				try {
					return method.invoke(object, args);
				} catch (InvocationTargetException e) {
					throw (Exception) e.getCause();
				}
		throw new NoSuchMethodException(name);
	}

	private static boolean fits(Class<?>[] types, Object[] args) {
		if (types.length != args.length)
			return false;
		for (int i = 0; i < types.length; i++)
			if (args[i] instanceof String && types[i] != String.class)
				return false;
		return true;
	}

	/* Calls the setter with a value of the enumeration that it wants; its package moved between generations. */
	static void choose(Object object, String setter, String value) throws Exception {
		for (Method method : object.getClass().getMethods())
			if (method.getName().equals(setter)) {
				for (Object one : method.getParameterTypes()[0].getEnumConstants())
					if (one.toString().equals(value))
						method.invoke(object, one);
				return;
			}
		throw new NoSuchMethodException(setter);
	}

	static String text(MessageExt message) {
		return new String(message.getBody(), StandardCharsets.UTF_8);
	}

	static Message message(String topic, String text) {
		return new Message(topic, "tag", text, text.getBytes(StandardCharsets.UTF_8));
	}

	static void set(Object object, int value, String... setters) {
		for (String setter : setters)
			if (has(object, setter, int.class))
				try {
					call(object, setter, value);
				} catch (Exception e) {
					throw new IllegalStateException(e);
				}
	}
}
