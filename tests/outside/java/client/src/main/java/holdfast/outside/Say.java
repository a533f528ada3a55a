package holdfast.outside;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;

/** A JSON object a line: see src/outside-process.ts. */
final class Say {
  private static final ObjectMapper mapper = new ObjectMapper();

  private Say() {}

  static synchronized void say(String name, Object value) {
    try {
      System.out.println(mapper.writeValueAsString(Map.of(name, value)));
      System.out.flush();
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }
}
