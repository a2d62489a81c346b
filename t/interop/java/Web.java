import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Clients of HTTP beside a Java producer and a Java consumer, on one topic of both masters: each consumer gets
 * the messages of each producer once, with the same tag, keys, property and body. The property interop.web has
 * a URL and a token for each master: "URL TOKEN;URL TOKEN".
 */
final class Web implements Scenario {
	private static final int MESSAGES = 60; // of each producer

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("web", 4);
		String[] masters = System.getProperty("interop.web").split(";");
		Map<String, String> byJava = new ConcurrentHashMap<>();
		Map<String, String> byHttp = new ConcurrentHashMap<>();
		Mq.push("web_java", topic, "TagA || 标签", message -> once(byJava, message.getKeys(), text(message)));
		DefaultMQProducer producer = Mq.producer("web");
		Map<String, String> wanted = new TreeMap<>();
		for (int i = 0; i < MESSAGES; i++) {
			Message message = new Message(topic, tag(i), "java-" + i, ("轉帳 " + i).getBytes(StandardCharsets.UTF_8));
			message.putUserProperty("colour", "blue " + i);
			Mq.stored(producer.send(message));
			post(masters[i % masters.length], topic, i);
			if (i % 3 == 2)
				continue; // of a tag that nobody wants
			wanted.put("java-" + i, tag(i) + " blue " + i + " 轉帳 " + i);
			wanted.put("http-" + i, tag(i) + " red " + i + " \"轉帳\" " + i);
		}
		Check.until("all by Java: " + byJava.size(), () -> byJava.size() >= wanted.size());
		Check.until("all by HTTP: " + byHttp.size(), () -> {
			for (String master : masters)
				receive(master, topic, byHttp);
			return byHttp.size() >= wanted.size();
		});
		Check.same(new TreeMap<>(byJava), wanted, "by Java");
		Check.same(new TreeMap<>(byHttp), wanted, "by HTTP");
		return wanted.size() + " messages of both producers at both consumers";
	}

	private static String tag(int i) {
		return new String[] { "TagA", "标签", "TagB" }[i % 3];
	}

	private static String text(MessageExt message) {
		return message.getTags() + " " + message.getUserProperty("colour") + " "
		    + new String(message.getBody(), StandardCharsets.UTF_8);
	}

	private static void once(Map<String, String> got, String key, String text) {
		String before = got.put(key, text);
		Check.same(before, null, "a second time: " + key);
	}

	private static void post(String master, String topic, int i) throws IOException {
		JSONObject properties = new JSONObject();
		properties.put("colour", "red " + i);
		JSONObject message = new JSONObject();
		message.put("body", "\"轉帳\" " + i);
		message.put("tag", tag(i));
		message.put("keys", "http-" + i);
		message.put("properties", properties);
		ask(master, "/v1/topics/" + topic + "/messages", message);
	}

	/* Receives what is there, and acknowledges it. */
	private static void receive(String master, String topic, Map<String, String> got) throws IOException {
		JSONObject answer =
		    ask(master, "/v1/topics/" + topic + "/messages?group=" + Mq.name("web_http") + "&max=16&wait=0&tags=TagA%7C%7C%E6%A0%87%E7%AD%BE", null);
		List<String> receipts = new ArrayList<>();
		JSONArray messages = answer.getJSONArray("messages");
		for (int i = 0; i < messages.size(); i++) {
			JSONObject one = messages.getJSONObject(i);
			receipts.add(one.getString("receipt"));
			once(got, one.getString("keys"), one.getString("tag") + " "
			    + one.getJSONObject("properties").getString("colour") + " " + one.getString("body"));
		}
		if (receipts.isEmpty())
			return;
		JSONObject acks = new JSONObject();
		acks.put("receipts", receipts);
		ask(master, "/v1/acks", acks);
	}

	private static JSONObject ask(String master, String path, JSONObject body) throws IOException {
		String[] words = master.split(" ");
		HttpURLConnection connection = (HttpURLConnection) new URL(words[0] + path).openConnection();
		connection.setRequestProperty("Authorization", "Bearer " + words[1]);
		if (body != null) {
			connection.setDoOutput(true);
			connection.setRequestProperty("Content-Type", "application/json");
			connection.getOutputStream().write(body.toJSONString().getBytes(StandardCharsets.UTF_8));
		}
		int status = connection.getResponseCode();
		String text = all(status < 400 ? connection.getInputStream() : connection.getErrorStream());
		Check.that(status < 300, path + ": " + status + " " + text);
		return JSON.parseObject(text);
	}

	private static String all(InputStream stream) throws IOException {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		byte[] buffer = new byte[8192];
		for (int n; (n = stream.read(buffer)) != -1;)
			bytes.write(buffer, 0, n);
		return new String(bytes.toByteArray(), StandardCharsets.UTF_8);
	}
}
