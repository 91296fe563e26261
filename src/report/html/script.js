// A box above each long table that hides the lines without the text typed into it. Without this script all lines show.
'use strict';
for (const label of document.querySelectorAll('label.filter')) {
  const box = label.querySelector('input');
  const lines = document.querySelectorAll('#' + label.dataset.table + ' tbody tr');
  const count = label.querySelector('output');
  const apply = () => {
    const wanted = box.value.toLowerCase();
    let shown = 0;
    for (const line of lines) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
      shown += line.hidden ? 0 : 1;
    }
    count.textContent = shown + ' of ' + lines.length;
  };
  box.addEventListener('input', apply);
  label.hidden = false;
  apply();
}
// A link to a farm that is folded unfolds it.
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const fold = target && target.closest('details.farm');
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
};
addEventListener('hashchange', reveal);
reveal();
// Paper shows what is folded, but for the list of all events: it would be most of the pages.
const open = [];
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details:not([open], .events)')) {
    part.open = true;
    open.push(part);
  }
});
addEventListener('afterprint', () => {
  for (const part of open.splice(0)) part.open = false;
});
// A button that copies a block of commands, where the browser lets a page write to the clipboard.
for (const block of document.querySelectorAll('.block')) {
  if (!navigator.clipboard) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy these commands');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.querySelector('code').textContent + '\n');
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  block.append(button);
}
