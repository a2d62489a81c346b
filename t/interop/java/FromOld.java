/* The same starts where the broker is told that nothing is at hand, so that no queue is young. */
final class FromOld implements Scenario {
	@Override
	public String run() throws Exception {
		Interop.ask("config accessMessageInMemoryMaxRatio 0");
		try {
			String detail = new From("from_old").run();
			Check.that(detail.endsWith("old queues"), detail);
			return detail;
		} finally {
			Interop.ask("config accessMessageInMemoryMaxRatio 40");
		}
	}
}
