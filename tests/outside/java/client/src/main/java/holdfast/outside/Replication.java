package holdfast.outside;

import com.netflix.appinfo.InstanceInfo;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import com.netflix.discovery.shared.transport.EurekaHttpResponse;
import com.netflix.eureka.DefaultEurekaServerConfig;
import com.netflix.eureka.cluster.protocol.ReplicationInstance;
import com.netflix.eureka.cluster.protocol.ReplicationInstanceResponse;
import com.netflix.eureka.cluster.protocol.ReplicationList;
import com.netflix.eureka.cluster.protocol.ReplicationListResponse;
import com.netflix.eureka.registry.PeerAwareInstanceRegistryImpl.Action;
import com.netflix.eureka.resources.ASGResource.ASGStatus;
import com.netflix.eureka.resources.DefaultServerCodecs;
import com.netflix.eureka.transport.Jersey3ReplicationClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A Eureka server's replication client against the registry: what a peer of Netflix's would say to it. */
final class Replication {
  private final Jersey3ReplicationClient client;

  Replication(String url) {
    DefaultEurekaServerConfig config = new DefaultEurekaServerConfig("eureka.server.");
    client = Jersey3ReplicationClient.createReplicationClient(config, new DefaultServerCodecs(config), url + "/");
  }

  Map<String, Object> run(InstanceInfo self) {
    Map<String, Object> said = new LinkedHashMap<>();
    long dirty = self.getLastDirtyTimestamp();
    said.put("heartbeat of an unknown one", batch(List.of(item(self, Action.Heartbeat, dirty, null))));
    said.put("life", batch(List.of(
        item(self, Action.Register, dirty, null),
        item(self, Action.Heartbeat, dirty, null),
        item(self, Action.StatusUpdate, dirty, InstanceStatus.OUT_OF_SERVICE),
        item(self, Action.DeleteStatusOverride, dirty, InstanceStatus.UP))));
    said.put("heartbeat of an older one", batch(List.of(item(self, Action.Heartbeat, dirty - 5_000, null))));
    said.put("heartbeat of a newer one", batch(List.of(item(self, Action.Heartbeat, dirty + 5_000, null))));
    EurekaHttpResponse<InstanceInfo> direct =
        client.sendHeartBeat(self.getAppName(), self.getId(), self, InstanceStatus.UP);
    said.put("direct heartbeat", direct.getStatusCode());
    said.put("group", client.statusUpdate("holdfast-v001", ASGStatus.DISABLED).getStatusCode());
    said.put("cancel", batch(List.of(item(self, Action.Cancel, dirty, null))));
    said.put("cancel again", batch(List.of(item(self, Action.Cancel, dirty, null))));
    client.shutdown();
    return said;
  }

  private static ReplicationInstance item(InstanceInfo self, Action action, long dirty, InstanceStatus status) {
    return ReplicationInstance.replicationInstance()
        .withAction(action).withAppName(self.getAppName()).withId(self.getId())
        .withLastDirtyTimestamp(dirty)
        .withOverriddenStatus(status == null ? InstanceStatus.UNKNOWN.name() : status.name())
        .withStatus(status == null ? self.getStatus().name() : status.name())
        .withInstanceInfo(action == Action.Register ? self : null)
        .build();
  }

  private Object batch(List<ReplicationInstance> items) {
    EurekaHttpResponse<ReplicationListResponse> answer = client.submitBatchUpdates(new ReplicationList(items));
    if (answer.getEntity() == null) return "http " + answer.getStatusCode();
    List<Object> codes = new ArrayList<>();
    for (ReplicationInstanceResponse one : answer.getEntity().getResponseList()) {
      InstanceInfo theirs = one.getResponseEntity();
      codes.add(theirs == null ? one.getStatusCode() : Map.of("code", one.getStatusCode(), "id", theirs.getId()));
    }
    return codes;
  }
}
