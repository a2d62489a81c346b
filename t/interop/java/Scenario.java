/* One thing that a client does; its detail is for the person who reads the report. */
interface Scenario {
	String run() throws Exception;
}
