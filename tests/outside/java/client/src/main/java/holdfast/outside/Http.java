package holdfast.outside;

import com.netflix.appinfo.EurekaAccept;
import com.netflix.appinfo.InstanceInfo;
import com.netflix.discovery.shared.Application;
import com.netflix.discovery.shared.Applications;
import com.netflix.discovery.shared.transport.EurekaHttpClient;
import com.netflix.discovery.shared.transport.EurekaHttpResponse;
import com.netflix.discovery.shared.transport.jersey3.EurekaJersey3Client;
import com.netflix.discovery.shared.transport.jersey3.EurekaJersey3ClientImpl.EurekaJersey3ClientBuilder;
import com.netflix.discovery.shared.transport.jersey3.Jersey3ApplicationClient;
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.MultivaluedMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Every call of the Java client's lower half, in JSON: it speaks nothing else, whatever the codec. */
final class Http implements AutoCloseable {
  private final EurekaJersey3Client jersey;
  private final EurekaHttpClient client;

  Http(String url, String codec) {
    EurekaJersey3ClientBuilder builder = new EurekaJersey3ClientBuilder()
        .withClientName("outside").withUserAgent("Java-EurekaClient")
        .withConnectionTimeout(2_000).withReadTimeout(5_000)
        .withMaxConnectionsPerHost(4).withMaxTotalConnections(4)
        .withEncoder(codec)
        .withDecoder(codec, EurekaAccept.full.name());
    jersey = builder.build();
    MultivaluedMap<String, Object> headers = new MultivaluedHashMap<>();
    client = new Jersey3ApplicationClient(jersey.getClient(), url, headers);
  }

  Map<String, Object> readAll(String app, String id) {
    Map<String, Object> read = new LinkedHashMap<>();
    read.put("all", applications(client::getApplications));
    read.put("delta", applications(client::getDelta));
    read.put("vip", applications(() -> client.getVip(app)));
    read.put("svip", applications(() -> client.getSecureVip(app)));
    EurekaHttpResponse<Application> one = client.getApplication(app.toUpperCase());
    read.put("app", one.getEntity() == null ? one.getStatusCode() : Seen.app(one.getEntity()));
    read.put("instance", instance(client.getInstance(app.toUpperCase(), id)));
    read.put("byId", instance(client.getInstance(id)));
    read.put("absent", client.getInstance(app.toUpperCase(), "nobody").getStatusCode());
    return read;
  }

  /** Status of each call in an instance's life. */
  Map<String, Object> live(InstanceInfo self) {
    Map<String, Object> codes = new LinkedHashMap<>();
    String app = self.getAppName();
    codes.put("heartbeat before", client.sendHeartBeat(app, self.getId(), self, null).getStatusCode());
    codes.put("register", client.register(self).getStatusCode());
    codes.put("heartbeat", client.sendHeartBeat(app, self.getId(), self, null).getStatusCode());
    codes.put("out", client.statusUpdate(app, self.getId(), InstanceInfo.InstanceStatus.OUT_OF_SERVICE, self)
        .getStatusCode());
    codes.put("while out", instance(client.getInstance(app, self.getId())));
    codes.put("back", client.deleteStatusOverride(app, self.getId(), self).getStatusCode());
    codes.put("cancel", client.cancel(app, self.getId()).getStatusCode());
    codes.put("cancel again", client.cancel(app, self.getId()).getStatusCode());
    return codes;
  }

  EurekaHttpClient client() {
    return client;
  }

  private static Object applications(Supplier<EurekaHttpResponse<Applications>> call) {
    EurekaHttpResponse<Applications> answer = call.get();
    return answer.getEntity() == null ? answer.getStatusCode() : Seen.all(answer.getEntity());
  }

  private static Object instance(EurekaHttpResponse<InstanceInfo> answer) {
    return answer.getEntity() == null ? answer.getStatusCode() : Seen.instance(answer.getEntity());
  }

  @Override
  public void close() {
    client.shutdown();
    jersey.destroyResources();
  }
}
