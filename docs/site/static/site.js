// What Sphinx and its theme leave without a name or with a wrong role, mended for screen readers.
document.addEventListener('DOMContentLoaded', () => {
  for (const toggle of document.querySelectorAll('summary:has(> .toctree-toggle)')) {
    const page = toggle.closest('li').querySelector('a').textContent.trim();
    toggle.setAttribute('aria-label', `Pages below ${page}`);
  }
  // The lines of a long signature are written as a list of definitions without terms.
  for (const lines of document.querySelectorAll('dt.sig dl')) lines.setAttribute('role', 'presentation');
});
