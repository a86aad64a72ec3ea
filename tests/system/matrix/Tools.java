import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs Kafka's command-line tools one after the other in one virtual machine, each as if it had one of its own: a line
 * {"tool", "args", "in"} of the input is answered by {"exit", "out", "err"}.
 */
public final class Tools {
	private static final ObjectMapper JSON = new ObjectMapper();
	private static final int NEVER_ENDED = -1;
	private static final long PATIENCE_MS = 60_000;
	private static final String[] PACKAGES = {"", "org.apache.kafka.tools.", "org.apache.kafka.tools.consumer.",
		"org.apache.kafka.tools.consumer.group.", "org.apache.kafka.tools.reassign.", "kafka.admin.", "kafka.tools.",
		"org.apache.kafka.common.utils.", "org.apache.kafka.common.utils.internals."};

	/** Thrown where a tool ends its process. */
	private static final class Ended extends Error {
		private static final long serialVersionUID = 1;

		Ended() {
			super("tool ended", null, false, false);
		}
	}

	/** Standard output or error for the whole life of the machine: Scala's console keeps what it saw first. */
	private static final class Sink extends OutputStream {
		private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		@Override
		public synchronized void write(int b) {
			bytes.write(b);
		}

		@Override
		public synchronized void write(byte[] b, int off, int len) {
			bytes.write(b, off, len);
		}

		synchronized String take() {
			String text = bytes.toString(StandardCharsets.UTF_8);
			bytes = new ByteArrayOutputStream();
			return text;
		}
	}

	private static final Sink out = new Sink();
	private static final Sink err = new Sink();
	private static final AtomicInteger code = new AtomicInteger();
	private static final List<Runnable> hooks = new ArrayList<>();

	public static void main(String[] args) throws Exception {
		PrintStream answers = System.out;
		System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
		System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
		onExit("setExitProcedure", (proxy, method, what) -> end((int) what[0]));
		onExit("setHaltProcedure", (proxy, method, what) -> end((int) what[0]));
		onExit("setShutdownHookAdder", (proxy, method, what) -> hooks.add((Runnable) what[1]));
		var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line; (line = input.readLine()) != null;) {
			answers.println(run(JSON.readTree(line)));
			answers.flush();
		}
		System.exit(0);
	}

	/** Kafka's own way out, which has moved too, asks us first. */
	private static void onExit(String setter, InvocationHandler handler) throws ReflectiveOperationException {
		for (Method method : find("Exit").getMethods()) {
			if (method.getName().equals(setter)) {
				Class<?> type = method.getParameterTypes()[0];
				method.invoke(null, Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
			}
		}
	}

	/** The first code counts: tools catch what is thrown and end once more. */
	private static Object end(int status) {
		code.compareAndSet(NEVER_ENDED, status);
		throw new Ended();
	}

	private static String run(JsonNode wish) throws Exception {
		String[] args = JSON.treeToValue(wish.get("args"), String[].class);
		Method main = find(wish.get("tool").asText()).getMethod("main", String[].class);
		System.setIn(new ByteArrayInputStream(wish.path("in").asText().getBytes(StandardCharsets.UTF_8)));
		code.set(NEVER_ENDED);
		hooks.clear();
		Thread thread = new Thread(() -> call(main, args), "main");
		thread.start();
		thread.join(PATIENCE_MS);
		return JSON.createObjectNode().put("exit", thread.isAlive() ? 124 : Math.max(code.get(), 0))
			.put("out", out.take()).put("err", err.take()).toString();
	}

	private static void call(Method main, String[] args) {
		try {
			main.invoke(null, (Object) args);
		} catch (InvocationTargetException thrown) {
			if (!(thrown.getCause() instanceof Ended)) {
				code.compareAndSet(NEVER_ENDED, 1);
				thrown.getCause().printStackTrace();
			}
		} catch (IllegalAccessException unlikely) {
			throw new IllegalStateException(unlikely);
		}
		for (Runnable hook : hooks) {
			hook.run();
		}
	}

	/** Classes move from package to package. */
	private static Class<?> find(String name) throws ClassNotFoundException {
		for (String prefix : PACKAGES) {
			try {
				return Class.forName(prefix + name);
			} catch (ClassNotFoundException elsewhere) {
				continue;
			}
		}
		throw new ClassNotFoundException(name);
	}
}
