import java.io.BufferedReader;
import java.io.InputStreamReader;

import org.apache.rocketmq.remoting.exception.RemotingException;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/*
 * RocketMQ's own mqadmin, command after command in one JVM: each line of stdin
 * is a command line with tabs between its words; what the command prints is
 * followed by a line "=== end". resumeCheckHalfMessage ID is not theirs.
 */
public final class Tools {
	private Tools() {
	}

	public static void main(String[] args) throws Exception {
		BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
		System.setErr(System.out);
		for (String line = commands.readLine(); line != null; line = commands.readLine()) {
			String[] words = line.split("\t");
			if (words[0].equals("resumeCheckHalfMessage"))
				resume(words[1]);
			else
				MQAdminStartup.main0(words, null);
			System.out.println();
			System.out.println("=== end");
			System.out.flush();
		}
		System.exit(0);
	}

	/* The tools can do it, and have no command for it. */
	private static void resume(String id) throws Exception {
		DefaultMQAdminExt admin = new DefaultMQAdminExt();
		admin.setInstanceName("resume" + id);
		admin.start();
		try {
			System.out.println(admin.resumeCheckHalfMessage(id));
		} catch (RemotingException e) {
			System.out.println(e);
		} finally {
			admin.shutdown();
		}
	}
}
