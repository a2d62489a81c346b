import java.io.BufferedReader;
import java.io.InputStreamReader;

import org.apache.rocketmq.tools.command.MQAdminStartup;

/* RocketMQ's own mqadmin of any generation, command after command in one JVM: as Tools.java, and no more. */
public final class Admin {
	private Admin() {
	}

	public static void main(String[] args) throws Exception {
		BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
		System.setErr(System.out);
		for (String line = commands.readLine(); line != null; line = commands.readLine()) {
			MQAdminStartup.main0(line.split(" "), null);
			System.out.println();
			System.out.println("=== end");
			System.out.flush();
		}
		System.exit(0);
	}
}
