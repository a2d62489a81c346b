import java.io.PrintStream;

/*
 * A consumer in a JVM of its own, to be killed: Member NAMESRV RUN GROUP TOPIC.
 * Prints the key of each message that it has consumed.
 */
public final class Member {
	private Member() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		PrintStream out = System.out;
		Mq.push(args[2], args[3], "*", message -> {
			synchronized (out) {
				out.println("got " + message.getKeys());
				out.flush();
			}
		});
		Thread.sleep(Long.MAX_VALUE);
	}
}
