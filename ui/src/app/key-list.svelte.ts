// Whether the list of keys is shown.

class KeyList {
  isOpen = $state(false);
}

export const keyList = new KeyList();
