// The call that gives the error text of this thread. Part of libacl_rt.so, or of libascendcl.so.
#include "standin.h"

extern "C" const char *aclGetRecentErrMsg() {
  standin::Call call("aclGetRecentErrMsg");
  const char *text = standin::recentErrorText();
  call.text("text", text).done(0);
  return text;
}
