package holdfast.outside;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A Spring Cloud application that registers by nothing but its settings (given as arguments by src/clients.ts) and looks
 * others up by Spring's DiscoveryClient: see src/outside-process.ts for what it says and hears.
 */
@SpringBootApplication
public class Client {
  private static final ObjectMapper mapper = new ObjectMapper();

  public static void main(String[] args) throws IOException {
    ConfigurableApplicationContext context = SpringApplication.run(Client.class, args);
    DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
    Thread watcher = new Thread(() -> watch(discovery));
    watcher.setDaemon(true);
    watcher.start();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      // `uris app`: where a caller would go.
      List<ServiceInstance> found = discovery.getInstances(line.substring(line.indexOf(' ') + 1));
      say("answer", found.stream().map(one -> one.getUri().toString()).sorted().toList());
    }
    context.close();
    System.exit(0);
  }

  private static void watch(DiscoveryClient discovery) {
    Map<String, List<String>> last = null;
    for (;;) {
      Map<String, List<String>> seen = new TreeMap<>();
      for (String app : discovery.getServices()) {
        List<String> ids = discovery.getInstances(app).stream().map(ServiceInstance::getInstanceId).sorted().toList();
        if (!ids.isEmpty()) seen.put(app.toUpperCase(), ids);
      }
      if (!seen.equals(last)) say("sees", seen);
      last = seen;
      try {
        Thread.sleep(100);
      } catch (InterruptedException stopped) {
        return;
      }
    }
  }

  private static synchronized void say(String name, Object value) {
    try {
      System.out.println(mapper.writeValueAsString(Map.of(name, value)));
      System.out.flush();
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }
}
