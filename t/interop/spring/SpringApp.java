import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.spring.annotation.ConsumeMode;
import org.apache.rocketmq.spring.annotation.RocketMQMessageListener;
import org.apache.rocketmq.spring.annotation.RocketMQTransactionListener;
import org.apache.rocketmq.spring.annotation.SelectorType;
import org.apache.rocketmq.spring.core.RocketMQListener;
import org.apache.rocketmq.spring.core.RocketMQLocalTransactionListener;
import org.apache.rocketmq.spring.core.RocketMQLocalTransactionState;
import org.apache.rocketmq.spring.core.RocketMQReplyListener;
import org.apache.rocketmq.spring.core.RocketMQTemplate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;

/*
 * A Spring Boot application with rocketmq-spring-boot-starter, as its users write them: SpringApp NAMESRV RUN
 * SCENARIO... It reports as Interop.java does.
 */
@Configuration
@EnableAutoConfiguration
public class SpringApp {
	private static final Set<String> PLAIN = ConcurrentHashMap.newKeySet();
	private static final Set<String> CHOSEN = ConcurrentHashMap.newKeySet();
	private static final Map<String, Long> LATER = new ConcurrentHashMap<>();
	private static final List<String> ORDERED = new ArrayList<>();
	private static final Set<String> DECIDED = ConcurrentHashMap.newKeySet();

	@RocketMQMessageListener(topic = "${interop.run}_plain", consumerGroup = "${interop.run}_plain")
	static class Plain implements RocketMQListener<String> {
		@Override
		public void onMessage(String text) {
			PLAIN.add(text);
		}
	}

	@RocketMQMessageListener(topic = "${interop.run}_plain", consumerGroup = "${interop.run}_chosen",
	    selectorType = SelectorType.SQL92, selectorExpression = "a BETWEEN 10 AND 19")
	static class Chosen implements RocketMQListener<String> {
		@Override
		public void onMessage(String text) {
			CHOSEN.add(text);
		}
	}

	@RocketMQMessageListener(topic = "${interop.run}_later", consumerGroup = "${interop.run}_later")
	static class Later implements RocketMQListener<String> {
		@Override
		public void onMessage(String text) {
			LATER.put(text, System.currentTimeMillis());
		}
	}

	@RocketMQMessageListener(topic = "${interop.run}_ordered", consumerGroup = "${interop.run}_ordered",
	    consumeMode = ConsumeMode.ORDERLY)
	static class Ordered implements RocketMQListener<String> {
		@Override
		public void onMessage(String text) {
			synchronized (ORDERED) {
				ORDERED.add(text);
			}
		}
	}

	@RocketMQMessageListener(topic = "${interop.run}_decided", consumerGroup = "${interop.run}_decided")
	static class Decided implements RocketMQListener<String> {
		@Override
		public void onMessage(String text) {
			DECIDED.add(text);
		}
	}

	@RocketMQMessageListener(topic = "${interop.run}_asked", consumerGroup = "${interop.run}_asked")
	static class Asked implements RocketMQReplyListener<String, String> {
		@Override
		public String onMessage(String text) {
			return "re: " + text;
		}
	}

	@RocketMQTransactionListener
	static class Bank implements RocketMQLocalTransactionListener {
		@Override
		public RocketMQLocalTransactionState executeLocalTransaction(Message message, Object plan) {
			return (RocketMQLocalTransactionState) plan;
		}

		@Override
		public RocketMQLocalTransactionState checkLocalTransaction(Message message) {
			Object payload = message.getPayload();
			String text = payload instanceof byte[] ? new String((byte[]) payload) : String.valueOf(payload);
			return Integer.parseInt(text.substring(7)) % 3 == 1 ? RocketMQLocalTransactionState.ROLLBACK
			    : RocketMQLocalTransactionState.COMMIT;
		}
	}

	private static RocketMQTemplate template;

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		for (String topic : new String[] { "plain", "later", "ordered", "decided", "asked" })
			Mq.topic(topic, 2);
		Map<String, Object> properties = new HashMap<>();
		properties.put("rocketmq.name-server", Mq.namesrv);
		properties.put("rocketmq.producer.group", Mq.name("spring"));
		properties.put("rocketmq.producer.send-message-timeout", 30000);
		properties.put("interop.run", "T" + Mq.run);
		properties.put("logging.level.root", "ERROR");
		properties.put("spring.main.banner-mode", "off");
		SpringApplication application = new SpringApplication(SpringApp.class, Plain.class, Chosen.class,
		    Later.class, Ordered.class, Decided.class, Asked.class, Bank.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setDefaultProperties(properties);
		template = application.run().getBean(RocketMQTemplate.class);
		boolean good = true;
		for (int i = 2; i < args.length; i++)
			good &= report(args[i]);
		System.out.flush();
		Runtime.getRuntime().halt(good ? 0 : 1);
	}

	private static boolean report(String name) {
		long start = System.nanoTime();
		try {
			String detail = scenario(name).call();
			System.out.printf("ok %s %s, %.1f s%n", name, detail, (System.nanoTime() - start) / 1e9);
			return true;
		} catch (Throwable e) {
			e.printStackTrace();
			System.out.println("not ok " + name + " " + String.valueOf(e).replace('\n', ' '));
			return false;
		}
	}

	private static Callable<String> scenario(String name) {
		switch (name) {
		case "send":
			return SpringApp::send;
		case "later":
			return SpringApp::later;
		case "ordered":
			return SpringApp::ordered;
		case "transaction":
			return SpringApp::transaction;
		default:
			return SpringApp::request;
		}
	}

	private static void stored(SendResult result) {
		Check.same(result.getSendStatus(), SendStatus.SEND_OK, "status of a send");
	}

	private static String send() throws Exception {
		Set<String> chosen = new TreeSet<>();
		for (int i = 0; i < 100; i++) {
			stored(template.syncSend(Mq.name("plain"),
			    MessageBuilder.withPayload("plain" + i).setHeader("a", i).build()));
			if (i >= 10 && i <= 19)
				chosen.add("plain" + i);
		}
		Check.until("all plain messages", () -> PLAIN.size() == 100);
		Check.until("all that the expression says", () -> CHOSEN.size() >= chosen.size());
		Check.same(new TreeSet<>(CHOSEN), chosen, "messages for the expression");
		return "100 messages, and those that an SQL92 expression chooses";
	}

	private static String later() throws Exception {
		Map<String, Long> due = new HashMap<>();
		for (int i = 0; i < 20; i++) {
			due.put("later" + i, System.currentTimeMillis() + (i % 2 == 0 ? 1500 : 2000));
			stored(i % 2 == 0 ? template.syncSendDelayTimeMills(Mq.name("later"), "later" + i, 1500)
			    : template.syncSendDelayTimeSeconds(Mq.name("later"), "later" + i, 2));
		}
		Check.until("all delayed messages", () -> LATER.size() == due.size());
		for (Map.Entry<String, Long> one : due.entrySet())
			Check.that(LATER.get(one.getKey()) >= one.getValue(), one.getKey() + " came early");
		return "20 messages, none early";
	}

	private static String ordered() throws Exception {
		for (int i = 0; i < 20; i++)
			for (int order = 0; order < 8; order++)
				stored(template.syncSendOrderly(Mq.name("ordered"), order + "/" + i, "order" + order));
		Check.until("all ordered messages", () -> {
			synchronized (ORDERED) {
				return ORDERED.size() >= 160;
			}
		});
		Map<String, Integer> next = new HashMap<>();
		synchronized (ORDERED) {
			for (String text : ORDERED) {
				String[] words = text.split("/");
				Check.same(Integer.parseInt(words[1]), next.getOrDefault(words[0], 0), "next of order " + words[0]);
				next.merge(words[0], 1, (before, one) -> before + one);
			}
		}
		return "160 messages of 8 orders";
	}

	private static String transaction() throws Exception {
		Set<String> wanted = new TreeSet<>();
		for (int i = 0; i < 30; i++) {
			RocketMQLocalTransactionState state = RocketMQLocalTransactionState.values()[i % 3];
			template.sendMessageInTransaction(Mq.name("decided"), MessageBuilder.withPayload("decided" + i).build(),
			    state);
			if (state != RocketMQLocalTransactionState.ROLLBACK)
				wanted.add("decided" + i);
		}
		Check.until("all that are committed", () -> DECIDED.size() >= wanted.size());
		Check.same(new TreeSet<>(DECIDED), wanted, "transactions that are delivered");
		return "30 transactions, a third each committed, rolled back, asked about";
	}

	private static String request() throws Exception {
		for (int i = 0; i < 20; i++)
			Check.same(template.sendAndReceive(Mq.name("asked"), "q" + i, String.class, 60000), "re: q" + i, "reply");
		return "20 requests";
	}
}
