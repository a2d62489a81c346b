import java.io.BufferedReader;
import java.io.InputStreamReader;

import org.apache.rocketmq.tools.command.MQAdminStartup;

/*
 * RocketMQ's own mqadmin, command after command in one JVM: each line of stdin
 * is a command line with tabs between its words; what the command prints is
 * followed by a line "=== end".
 */
public final class Tools {
	private Tools() {
	}

	public static void main(String[] args) throws Exception {
		BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
		System.setErr(System.out);
		for (String line = commands.readLine(); line != null; line = commands.readLine()) {
			MQAdminStartup.main0(line.split("\t"), null);
			System.out.println();
			System.out.println("=== end");
			System.out.flush();
		}
		System.exit(0);
	}
}
