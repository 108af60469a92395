// A code in the address of /link, `#code=XXX-XXX`, comes along to the page where one signs in, because no server ever
// sees it; this hands it on to the other ways in.
if (location.hash.startsWith("#code=")) {
  for (const link of document.querySelectorAll("a[href^='/account/']")) link.hash = location.hash;
}
