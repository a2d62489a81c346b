/* Asks for something that is not answered, and is killed meanwhile: Requester NAMESRV RUN TOPIC. */
public final class Requester {
	private Requester() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		Mq.producer("requester_gone").request(Mq.message(args[2], "hold"), 100000);
	}
}
