import java.io.File;

/* A member that keeps the order, in a JVM of its own, to be killed: OrderedMember NAMESRV RUN TOPIC JOURNAL. */
public final class OrderedMember {
	private OrderedMember() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		Ordered.member("third", new Journal(new File(args[3])), args[2]);
		Thread.sleep(Long.MAX_VALUE);
	}
}
