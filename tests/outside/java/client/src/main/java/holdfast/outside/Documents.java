package holdfast.outside;

import com.netflix.appinfo.InstanceInfo;
import com.netflix.discovery.converters.wrappers.CodecWrapper;
import com.netflix.discovery.converters.wrappers.CodecWrappers;
import com.netflix.discovery.shared.Application;
import com.netflix.discovery.shared.Applications;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * The registry's documents in any form, encoded and decoded by Netflix's own codecs. The client's transport always asks
 * for JSON, so that this asks itself.
 */
final class Documents {
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final String url;
  private final CodecWrapper codec;
  private final String type;
  private final boolean compact;

  Documents(String url, String codecName, boolean compact) {
    this.url = url;
    this.codec = CodecWrappers.getCodec(codecName);
    this.type = codecName.contains("Xml") ? "application/xml" : "application/json";
    this.compact = compact;
  }

  Map<String, Object> readAll(String app, String id) throws IOException, InterruptedException {
    Map<String, Object> read = new LinkedHashMap<>();
    String name = app.toUpperCase();
    read.put("all", get("/apps/", Applications.class));
    read.put("delta", get("/apps/delta", Applications.class));
    read.put("vip", get("/vips/" + app, Applications.class));
    read.put("svip", get("/svips/" + app, Applications.class));
    read.put("app", get("/apps/" + name, Application.class));
    read.put("instance", get("/apps/" + name + "/" + id, InstanceInfo.class));
    read.put("byId", get("/instances/" + id, InstanceInfo.class));
    read.put("absent", get("/apps/" + name + "/nobody", InstanceInfo.class));
    return read;
  }

  /** Registers what the codec makes of `self`, reads it back and takes it out. */
  Map<String, Object> live(InstanceInfo self) throws IOException, InterruptedException {
    Map<String, Object> said = new LinkedHashMap<>();
    String path = "/apps/" + self.getAppName();
    HttpRequest.Builder register = to(path).header("Content-Type", type).POST(BodyPublishers.ofString(codec.encode(self)));
    said.put("register", http.send(register.build(), BodyHandlers.discarding()).statusCode());
    said.put("instance", get(path + "/" + self.getId(), InstanceInfo.class));
    HttpRequest.Builder cancel = to(path + "/" + self.getId()).DELETE();
    said.put("cancel", http.send(cancel.build(), BodyHandlers.discarding()).statusCode());
    return said;
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(5));
  }

  private <T> Object get(String path, Class<T> type) throws IOException, InterruptedException {
    HttpRequest.Builder request = to(path).header("Accept", this.type).header("Accept-Encoding", "gzip");
    if (compact) request.header("X-Eureka-Accept", "compact");
    HttpResponse<InputStream> answer = http.send(request.GET().build(), BodyHandlers.ofInputStream());
    try (InputStream body = answer.body()) {
      if (answer.statusCode() != 200) return answer.statusCode();
      boolean isPacked = answer.headers().firstValue("Content-Encoding").orElse("").equals("gzip");
      return Seen.any(codec.decode(isPacked ? new GZIPInputStream(body) : body, type));
    }
  }
}
