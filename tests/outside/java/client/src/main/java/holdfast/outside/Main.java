package holdfast.outside;

import com.netflix.appinfo.ApplicationInfoManager;
import com.netflix.appinfo.InstanceInfo;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import com.netflix.appinfo.MyDataCenterInstanceConfig;
import com.netflix.appinfo.providers.EurekaConfigBasedInstanceInfoProvider;
import com.netflix.config.ConfigurationManager;
import com.netflix.discovery.DefaultEurekaClientConfig;
import com.netflix.discovery.DiscoveryClient;
import com.netflix.discovery.shared.transport.jersey3.Jersey3TransportClientFactories;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** An unmodified eureka-client as a process: see src/outside-process.ts for what it says and hears. */
public final class Main {
  private static final String url = System.getenv("OUTSIDE_REGISTRY");
  private static final String app = System.getenv("OUTSIDE_APP");
  private static final String id = System.getenv("OUTSIDE_ID");

  private Main() {}

  public static void main(String[] args) throws Exception {
    ConfigurationManager.loadProperties(properties());
    MyDataCenterInstanceConfig config = new MyDataCenterInstanceConfig() {
      @Override
      public String getHostName(boolean refresh) {
        return "127.0.0.1";
      }

      @Override
      public String getIpAddress() {
        return "127.0.0.1";
      }
    };
    InstanceInfo self = new EurekaConfigBasedInstanceInfoProvider(config).get();
    ApplicationInfoManager manager = new ApplicationInfoManager(config, self);
    DiscoveryClient client =
        new DiscoveryClient(manager, new DefaultEurekaClientConfig(), new Jersey3TransportClientFactories());
    Thread watcher = new Thread(() -> watch(client));
    watcher.setDaemon(true);
    watcher.start();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      try {
        Say.say("answer", answer(client, manager, self, line.split(" ")));
      } catch (Exception error) {
        error.printStackTrace();
        Say.say("answer", Map.of("failed", String.valueOf(error)));
      }
    }
    client.shutdown();
    System.exit(0);
  }

  private static Object answer(
      DiscoveryClient client, ApplicationInfoManager manager, InstanceInfo self, String[] words)
      throws Exception {
    switch (words[0]) {
      case "own":
        manager.setInstanceStatus(InstanceStatus.valueOf(words[1]));
        return words[1];
      case "metadata":
        manager.registerAppMetadata(Map.of(words[1], words[2]));
        return words[2];
      case "remote-status":
        return String.valueOf(client.getInstanceRemoteStatus());
      case "status":
        return withHttp(http -> http.client()
            .statusUpdate(self.getAppName(), id, InstanceStatus.valueOf(words[1]), self).getStatusCode());
      case "drop-override":
        return withHttp(http -> http.client().deleteStatusOverride(self.getAppName(), id, self).getStatusCode());
      case "read":
        return withHttp(http -> http.readAll(app, id));
      case "live":
        return withHttp(http -> http.live(another(self)));
      case "read-as":
        return new Documents(url, words[1], words.length > 2).readAll(app, id);
      case "live-as":
        return new Documents(url, words[1], false).live(another(self));
      case "replicate":
        return new Replication(url).run(another(self));
      case "vip":
        return client.getInstancesByVipAddress(words[1], false).stream().map(InstanceInfo::getId).sorted().toList();
      default:
        return Map.of("failed", words[0] + " is no command");
    }
  }

  private static Object withHttp(java.util.function.Function<Http, Object> call) {
    try (Http http = new Http(url, "JacksonJson")) {
      return call.apply(http);
    }
  }

  /** Another instance of the same app, that no lease renewal of this process touches. */
  private static InstanceInfo another(InstanceInfo self) {
    return new InstanceInfo.Builder(new InstanceInfo(self)).setInstanceId(id + "-another").build();
  }

  private static void watch(DiscoveryClient client) {
    Map<String, List<String>> last = null;
    for (;;) {
      Map<String, List<String>> seen = Seen.up(client.getApplications());
      if (!seen.equals(last)) Say.say("sees", seen);
      last = seen;
      try {
        Thread.sleep(100);
      } catch (InterruptedException stopped) {
        return;
      }
    }
  }

  private static Properties properties() {
    Properties all = new Properties();
    String codec = System.getenv("OUTSIDE_FORMAT");
    String[][] given = {
      {"eureka.name", app}, {"eureka.instanceId", id}, {"eureka.port", System.getenv("OUTSIDE_PORT")},
      {"eureka.vipAddress", app}, {"eureka.secureVipAddress", app}, {"eureka.traffic.enabled", "true"},
      {"eureka.lease.renewalInterval", "1"}, {"eureka.lease.duration", "4"},
      {"eureka.metadata.written-in", "Java"}, {"eureka.metadata.odd", "<a & b> \u00e9"},
      {"eureka.serviceUrl.default", url + "/"}, {"eureka.region", "default"}, {"eureka.shouldUseDns", "false"},
      {"eureka.preferSameZone", "false"}, {"eureka.client.refresh.interval", "1"},
      {"eureka.appinfo.replicate.interval", "1"}, {"eureka.appinfo.initial.replicate.time", "0"},
      {"eureka.shouldFilterOnlyUpInstances", "true"},
      {"eureka.encoderName", codec}, {"eureka.decoderName", codec},
    };
    for (String[] one : given) all.setProperty(one[0], one[1]);
    return all;
  }
}
