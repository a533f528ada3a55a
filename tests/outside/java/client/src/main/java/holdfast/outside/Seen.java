package holdfast.outside;

import com.netflix.appinfo.InstanceInfo;
import com.netflix.discovery.shared.Application;
import com.netflix.discovery.shared.Applications;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the Java client has read, as plain maps. */
final class Seen {
  private Seen() {}

  /** Ids of the instances that are UP, by app. */
  static Map<String, List<String>> up(Applications all) {
    Map<String, List<String>> seen = new TreeMap<>();
    for (Application app : all.getRegisteredApplications()) {
      List<String> ids = app.getInstances().stream()
          .filter(one -> one.getStatus() == InstanceInfo.InstanceStatus.UP)
          .map(InstanceInfo::getId).sorted().toList();
      if (!ids.isEmpty()) seen.put(app.getName(), ids);
    }
    return seen;
  }

  static Object any(Object document) {
    if (document instanceof Applications all) return all(all);
    if (document instanceof Application app) return app(app);
    return instance((InstanceInfo) document);
  }

  static Map<String, Object> all(Applications applications) {
    Map<String, Object> seen = new TreeMap<>();
    for (Application app : applications.getRegisteredApplications()) seen.put(app.getName(), app(app));
    // `agrees`: its own reckoning of the hash over what it decoded.
    return Map.of("apps", seen, "hash", applications.getAppsHashCode(),
        "agrees", applications.getAppsHashCode().equals(applications.getReconcileHashCode()));
  }

  static Map<String, Object> app(Application app) {
    Map<String, Object> seen = new TreeMap<>();
    for (InstanceInfo one : app.getInstances()) seen.put(one.getId(), instance(one));
    return seen;
  }

  static Map<String, Object> instance(InstanceInfo one) {
    Map<String, Object> seen = new LinkedHashMap<>();
    seen.put("app", one.getAppName());
    seen.put("host", one.getHostName());
    seen.put("ip", one.getIPAddr());
    seen.put("port", one.getPort());
    seen.put("portEnabled", one.isPortEnabled(InstanceInfo.PortType.UNSECURE));
    seen.put("securePort", one.getSecurePort());
    seen.put("securePortEnabled", one.isPortEnabled(InstanceInfo.PortType.SECURE));
    seen.put("status", String.valueOf(one.getStatus()));
    // Where a document does not say it, some codecs leave null.
    seen.put("overridden", one.getOverriddenStatus() == null ? "UNKNOWN" : one.getOverriddenStatus().name());
    seen.put("vip", String.valueOf(one.getVIPAddress()));
    seen.put("svip", String.valueOf(one.getSecureVipAddress()));
    seen.put("dataCenter", String.valueOf(one.getDataCenterInfo().getName()));
    seen.put("lease", one.getLeaseInfo() == null ? "none"
        : one.getLeaseInfo().getRenewalIntervalInSecs() + "/" + one.getLeaseInfo().getDurationInSecs());
    seen.put("metadata", one.getMetadata() == null ? Map.of() : new TreeMap<>(one.getMetadata()));
    seen.put("action", String.valueOf(one.getActionType()));
    seen.put("homePage", String.valueOf(one.getHomePageUrl()));
    return seen;
  }
}
